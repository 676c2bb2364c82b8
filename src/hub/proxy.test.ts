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
  [{ ALL_PROXY: "http://a:1" }, "http://a:1/"],
  [{ all_proxy: "http://a:1", HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://q:1" }, "http://p:1/"],
  [{ ALL_PROXY: "http://a:1", NO_PROXY: "hub.example" }, null],
])("%j", (env, proxy) => {
  expect(findProxy(new URL("https://hub.example/x"), env)?.href ?? null).toBe(proxy);
});

test.each([
  ["[::1]", true],
  ["::1", true],
  ["[::1]:80", true],
  ["[::1]:81", false],
  ["::2", false],
])("of NO_PROXY=%s the address ::1 is exempt: %s", (list, isExempt) => {
  const proxy = findProxy(new URL("http://[::1]:80/"), { HTTP_PROXY: "http://p", NO_PROXY: list });
  expect(proxy === null).toBe(isExempt);
});

test.each(["HTTP_PROXY", "ALL_PROXY"])("%s is named where it is no proxy that is spoken to", (name) => {
  expect(() => findProxy(new URL("http://h/"), { [name]: "socks5://p" })).toThrow(name);
});
