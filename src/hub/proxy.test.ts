import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { fetchThrough, findProxy } from "./proxy.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return { server, origin: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const signal = new AbortController().signal;

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

test("a plain request goes to the proxy whole, with the user's name and password", async () => {
  const { origin } = await listening(({ url, headers }, response) => {
    const { host, range } = headers;
    response.writeHead(206, { "x-seen": "yes" });
    response.end(JSON.stringify({ url, host, range, authorization: headers["proxy-authorization"] }));
  });
  const target = new URL("http://hub.example/a?b");
  const proxy = new URL(`http://us%40er:pw@${origin}`);
  const response = await fetchThrough(proxy, target, { headers: { range: "bytes=1-" }, signal });
  expect([response.status, response.headers.get("x-seen")]).toEqual([206, "yes"]);
  expect(await response.json()).toEqual({
    url: "http://hub.example/a?b",
    host: "hub.example",
    range: "bytes=1-",
    authorization: `Basic ${Buffer.from("us@er:pw").toString("base64")}`,
  });
});

test("an encrypted one asks for a tunnel; a refusal names the proxy", async () => {
  const { server, origin } = await listening(() => {});
  const asked: (string | undefined)[] = [];
  server.on("connect", ({ url }: { readonly url?: string }, socket: NodeJS.WritableStream) => {
    asked.push(url);
    socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
  });
  const answer = fetchThrough(new URL(`http://${origin}`), new URL("https://hub.example/a"), { headers: {}, signal });
  await expect(answer).rejects.toThrow(`the proxy ${origin} answered with status 407`);
  expect(asked).toEqual(["hub.example:443"]);
});
