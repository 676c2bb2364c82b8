/**
 * Requests through the proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name, as curl reads them: plain
 * ones are sent to it whole, encrypted ones go through a tunnel (RFC 9110, 9.3.6). Node's own `fetch`
 * reads these variables from version 24 on.
 */

import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { isIP, isIPv6, type Socket } from "node:net";
import { Readable } from "node:stream";
import { connect } from "node:tls";
import type { Environment } from "../base/environment.ts";
import { TurnwiseError, fail, turnwiseError } from "../base/errors.ts";
import { describeCause } from "./hub-failures.ts";

const NOT_A_PROXY = "it is not the http:// or https:// URL of a proxy. NO_PROXY names the hosts that need none.";

/** A proxy, or a server behind it, that says nothing for so long is given up. */
const SILENCE_MS = 60_000;

export interface ProxyRequest {
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}

/** The proxy for `url`, or null: go there directly. Throws `invalid_option` for one that is no URL. */
export function findProxy(url: URL, env: Environment): URL | null {
  const named = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? "";
  const own = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const variable = named(own) === "" ? "ALL_PROXY" : own;
  const text = named(variable);
  if (text === "" || isExempt(url, named("NO_PROXY"))) return null;
  const proxy = parseUrl(text.includes("://") ? text : `http://${text}`);
  if (proxy === null || (proxy.protocol !== "http:" && proxy.protocol !== "https:")) {
    return fail("invalid_option", { option: variable, problem: NOT_A_PROXY });
  }
  return proxy;
}

const parseUrl = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);

/**
 * Entries are hosts, which stand for their subdomains too, with a port or not; "*" is everything. An address of IPv6 has
 * brackets where a port follows it, else it may.
 */
function isExempt(url: URL, list: string): boolean {
  const host = bareHost(url);
  const ownPort = portOf(url);
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === "*") return true;
      if (isIPv6(entry)) return host === entry;
      const [, name = "", wantedPort] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry.replace(/^\*?\./, "")) ?? [];
      if (name === "" || (wantedPort !== undefined && wantedPort !== ownPort)) return false;
      return host === name || host.endsWith(`.${name}`);
    });
}

/** Without the brackets that an IPv6 address has in a URL. */
const bareHost = ({ hostname }: URL): string => hostname.replaceAll(/^\[|\]$/g, "");

const portOf = ({ port, protocol }: URL): string => (port === "" ? (protocol === "https:" ? "443" : "80") : port);

/**
 * `GET url` by way of `proxy`; redirects are not followed. Throws `hub_unreachable`, which names the proxy, and
 * the signal's reason. What breaks once the answer has begun is an error of its body.
 */
export async function fetchThrough(proxy: URL, url: URL, request: ProxyRequest): Promise<Response> {
  try {
    const sent =
      url.protocol === "https:"
        ? await sendThroughTunnel(proxy, url, request)
        : askProxy(proxy, { ...request, path: url.href, headers: { host: url.host, ...request.headers } });
    const [message] = (await once(sent, "response")) as [http.IncomingMessage];
    if (message.statusCode === 407) throw refused(proxy, url, message);
    return toResponse(message);
  } catch (thrown) {
    request.signal.throwIfAborted();
    if (thrown instanceof TurnwiseError) throw thrown;
    throw unreachableBy(proxy, url, describeCause(thrown));
  }
}

const unreachableBy = (proxy: URL, { host }: URL, reason: string): TurnwiseError =>
  turnwiseError("hub_unreachable", { host, reason: `by the proxy ${proxy.host}: ${reason}` });

function refused(proxy: URL, url: URL, answer: http.IncomingMessage): TurnwiseError {
  answer.destroy();
  const hint = answer.statusCode === 407 ? "; name it as http://USER:PASSWORD@HOST:PORT" : "";
  return unreachableBy(proxy, url, `it answered with status ${answer.statusCode}${hint}`);
}

interface ProxyDemand extends ProxyRequest {
  readonly method?: "CONNECT";
  /** What the request's line has after the method. */
  readonly path: string;
}

function askProxy(proxy: URL, { headers, ...options }: ProxyDemand): http.ClientRequest {
  const { request } = proxy.protocol === "https:" ? https : http;
  return send(request(proxy, { ...options, agent: false, headers: { ...headers, ...authorization(proxy) } }));
}

function send(request: http.ClientRequest): http.ClientRequest {
  request.setTimeout(SILENCE_MS, () => request.destroy(new TypeError(`nothing came for ${SILENCE_MS / 1000} s`)));
  // Whoever waits for the answer hears of an error; after it the answer's own stream tells.
  request.on("error", () => {});
  return request.end();
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** The proxy sees the server's name, and nothing of what is said. */
async function sendThroughTunnel(proxy: URL, url: URL, request: ProxyRequest): Promise<http.ClientRequest> {
  const path = `${url.hostname}:${portOf(url)}`;
  const asked = askProxy(proxy, { signal: request.signal, method: "CONNECT", path, headers: { host: path } });
  const [answer, socket] = (await once(asked, "connect")) as [http.IncomingMessage, Socket];
  if (answer.statusCode !== 200) {
    socket.destroy();
    throw refused(proxy, url, answer);
  }
  const host = bareHost(url);
  // An address has no server name (RFC 6066, 3); `host` is what the certificate must name.
  const tls = connect({ socket, host, ...(isIP(host) === 0 ? { servername: host } : {}) });
  // An agent would make a connection of its own.
  return send(https.request(url, { ...request, createConnection: () => tls }));
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
