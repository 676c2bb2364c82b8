/**
 * A POST whose answer may take as long as its signal lets it. `fetch` gives up by itself after five minutes without
 * headers or data, which is less than a long prompt takes on a slow machine. Each request has a connection of its own,
 * so a server that closes an idle one fails no turn.
 */

import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

export interface PostedAnswer {
  readonly status: number;
  /** As it comes; whoever stops reading ends the request. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
  readonly signal: AbortSignal;
}

/** Resolves with the headers. Rejects where there is no server, and when the signal aborts; so does the body. */
export function postJson(url: string, { headers, body, signal }: PostOptions): Promise<PostedAnswer> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? requestHttps : requestHttp;
    const options = {
      method: "POST",
      agent: false,
      signal,
      headers: { ...headers, "content-type": "application/json" },
    };
    const request = send(url, options, (message) => resolve({ status: message.statusCode ?? 0, body: message }));
    request.once("error", reject);
    request.end(JSON.stringify(body));
  });
}
