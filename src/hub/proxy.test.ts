import { expect, test } from "vitest";
import { findProxy } from "./proxy.ts";

test.each([
  [{}, null],
  [{ HTTPS_PROXY: "http://p:1" }, "http://p:1/"],
  [{ HTTPS_PROXY: "p:3128" }, "http://p:3128/"],
  [{ HTTP_PROXY: "http://p:1" }, null],
  [{ HTTPS_PROXY: "http://a:1", https_proxy: "http://b:1" }, "http://b:1/"],
  [{ HTTPS_PROXY: "http://p:1", NO_PROXY: "*" }, null],
  [{ HTTPS_PROXY: "http://p:1", NO_PROXY: "x.org, hub.example" }, null],
  [{ HTTPS_PROXY: "http://p:1", no_proxy: ".example" }, null],
  [{ HTTPS_PROXY: "http://p:1", NO_PROXY: "ub.example" }, "http://p:1/"],
  [{ HTTPS_PROXY: "http://p:1", NO_PROXY: "hub.example:443" }, null],
  [{ HTTPS_PROXY: "http://p:1", NO_PROXY: "hub.example:80" }, "http://p:1/"],
])("%j", (env, proxy) => {
  expect(findProxy(new URL("https://hub.example/x"), env)?.href ?? null).toBe(proxy);
});

test("an exempt address of IPv6, and a proxy that is none", () => {
  expect(findProxy(new URL("http://[::1]:80/"), { HTTP_PROXY: "http://p", NO_PROXY: "[::1]" })).toBeNull();
  expect(() => findProxy(new URL("http://h/"), { HTTP_PROXY: "socks5://p" })).toThrow("HTTP_PROXY");
});
