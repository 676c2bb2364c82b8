/**
 * Requests through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, as curl reads them: plain
 * ones are sent to it whole, encrypted ones go through a tunnel (RFC 9110, 9.3.6). Node's own `fetch`
 * reads these variables from version 24 on.
 */

import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { connect } from "node:tls";
import type { Environment } from "../base/environment.ts";
import { fail } from "../base/errors.ts";

export interface ProxyRequest {
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}

/** The proxy for `url`, or null: go there directly. Throws `invalid_option` for one that is no URL. */
export function findProxy(url: URL, env: Environment): URL | null {
  const named = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? "";
  const variable = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const text = named(variable);
  if (text === "" || isExempt(url, named("NO_PROXY"))) return null;
  const proxy = parseUrl(text.includes("://") ? text : `http://${text}`);
  if (proxy === null || (proxy.protocol !== "http:" && proxy.protocol !== "https:")) {
    return fail("invalid_option", { option: variable, problem: "it is not the http:// or https:// URL of a proxy." });
  }
  return proxy;
}

const parseUrl = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);

/** Entries are hosts, which stand for their subdomains too, with a port or not; "*" is everything. */
function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const host = hostname.replaceAll(/^\[|\]$/g, "");
  const ownPort = port === "" ? (protocol === "https:" ? "443" : "80") : port;
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === "*") return true;
      const [, name = "", wantedPort] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry.replace(/^\*?\./, "")) ?? [];
      if (name === "" || (wantedPort !== undefined && wantedPort !== ownPort)) return false;
      return host === name || host.endsWith(`.${name}`);
    });
}

/** `GET url` by way of `proxy`; redirects are not followed. Rejects where the proxy or the server cannot be reached. */
export async function fetchThrough(proxy: URL, url: URL, { headers, signal }: ProxyRequest): Promise<Response> {
  const request =
    url.protocol === "https:"
      ? https.get(url, { headers, signal, agent: false, createConnection: await tunnel(proxy, url, signal) })
      : askProxy(proxy, { path: url.href, headers: { host: url.host, ...headers }, signal }).end();
  const [message] = (await once(request, "response")) as [http.IncomingMessage];
  return toResponse(message);
}

interface ProxyDemand extends ProxyRequest {
  readonly method?: "CONNECT";
  /** What the request's line has after the method. */
  readonly path: string;
}

function askProxy(proxy: URL, { headers, ...options }: ProxyDemand): http.ClientRequest {
  const { request } = proxy.protocol === "https:" ? https : http;
  return request(proxy, { ...options, agent: false, headers: { ...headers, ...authorization(proxy) } });
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** Opens a way through the proxy to the server; what is returned begins TLS on it. */
async function tunnel(proxy: URL, { hostname, port }: URL, signal: AbortSignal): Promise<() => Socket> {
  const path = `${hostname}:${port === "" ? "443" : port}`;
  const request = askProxy(proxy, { method: "CONNECT", path, headers: { host: path }, signal }).end();
  const [{ statusCode = 0 }, socket] = (await once(request, "connect")) as [http.IncomingMessage, Socket];
  if (statusCode === 200) return () => connect({ socket, servername: hostname, ALPNProtocols: ["http/1.1"] });
  socket.destroy();
  return fail("hub_unreachable", { host: path, reason: `the proxy ${proxy.host} answered with status ${statusCode}` });
}

function toResponse(message: http.IncomingMessage): Response {
  const { statusCode = 0, headers } = message;
  const pairs = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  // A `Response` of these has no body.
  const isEmpty = statusCode === 204 || statusCode === 304;
  if (isEmpty) message.resume();
  const body = isEmpty ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>);
  return new Response(body, { status: statusCode, headers: pairs });
}
