/**
 * The socket side: Node's HTTP server around the application, its time limits, and answers to what is
 * not even HTTP. Routes and fields are the application's matter.
 */

import { createServer, STATUS_CODES } from "node:http";
import type { RequestListener, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { turnwiseError } from "../base/errors.ts";
import type { TurnwiseError } from "../base/errors.ts";
import { urlOf } from "./access/binding.ts";
import type { TlsFiles } from "./access/tls-files.ts";
import { errorBody, errorStatus } from "./error-map.ts";
import type { Logger } from "./request-log.ts";
import { REQUEST_ID_HEADER, requestIdFrom } from "./request-id.ts";

/** Headers are small: a client that takes longer holds connections open on purpose. */
const HEADERS_TIMEOUT_MS = 20_000;
/** For headers and body; 16 MiB over a slow link. */
const RECEIVE_TIMEOUT_MS = 120_000;
/** Longer than load balancers keep a connection idle (AWS: 60 s), so that the balancer closes it first. */
const KEEP_ALIVE_MS = 75_000;
/** A TLS handshake takes a second over bad links; until it ends, the connection has no other limit. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Node's default, made explicit: a key and tracing headers need far less. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Where the server listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** For a client on this machine. */
  readonly url: string;
}

export interface HttpListener {
  readonly server: Server;
  /** Throws `port_unavailable`; may be called again with another port then. */
  listen(host: string, port: number): Promise<ListenAddress>;
  /** New connections get this certificate. Only where the listener was made with one. */
  setTls(tls: TlsFiles): void;
  /** Takes no connection any more; those in use get `graceMs` for their last bytes. */
  close(graceMs: number): Promise<void>;
}

type Fetch = (request: Request, env: object) => Response | Promise<Response>;

/** With `tls` it answers HTTPS only. */
export function createHttpListener(fetch: Fetch, host: string, logger: Logger, tls: TlsFiles | null): HttpListener {
  const listener = getRequestListener(fetch, {
    // For HTTP/1.0 clients, which send no Host.
    hostname: host,
    // The globals belong to the program that uses this library.
    overrideGlobalObjects: false,
    errorHandler: (thrown) => answerUnreadable(thrown, logger),
  });
  const timeLimits = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: RECEIVE_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  // It answers its own errors.
  const answer: RequestListener = (incoming, outgoing) => void listener(incoming, outgoing);
  const tlsServer =
    tls === null ? null : createTlsServer({ ...timeLimits, ...tls, handshakeTimeout: HANDSHAKE_TIMEOUT_MS }, answer);
  const server = tlsServer ?? createServer(timeLimits, answer);
  const connections = watchConnections(server);
  answerMalformed(server, connections, logger);
  // A failed listen is reported by `listen`; later ones (no file descriptors left) must not end the process.
  server.on("error", (error) => server.listening && logger.error({ reason: error.message }, "listener"));
  return {
    server,
    listen: (listenHost, port) => listen(server, listenHost, port, tls === null ? "http" : "https"),
    setTls: (files) => tlsServer?.setSecureContext(files),
    close: (graceMs) => close(server, connections, graceMs),
  };
}

function listen(server: Server, host: string, port: number, scheme: "http" | "https"): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => {
      reject(turnwiseError("port_unavailable", { host, port, reason: REASONS[error.code ?? ""] ?? error.message }));
    };
    server.once("error", refused);
    server.listen({ host, port }, () => {
      server.off("error", refused);
      const address = server.address();
      const boundPort = typeof address === "object" && address !== null ? address.port : port;
      resolve({ host, port: boundPort, url: urlOf(host, boundPort, scheme) });
    });
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program uses this port.",
  EACCES: "permission denied.",
  EADDRNOTAVAIL: "this machine has no such address.",
  ENOTFOUND: "this machine has no such address.",
};

function close(server: Server, connections: Connections, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    // It calls back with an error where the server never listened: that is closed, too.
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    // Node counts a connection on which no request came yet as busy.
    for (const [socket, answering] of connections) if (!answering || graceMs === 0) socket.destroy();
  });
}

/** A request whose target or Host makes no URL, which the application never sees. */
function answerUnreadable(thrown: unknown, logger: Logger): Response {
  const error = turnwiseError("http_malformed", { reason: thrown instanceof Error ? thrown.message : String(thrown) });
  const { id, status, body } = describe(error, logger);
  return new Response(body, { status, headers: { "content-type": "application/json", [REQUEST_ID_HEADER]: id } });
}

/** Every open connection; true while an answer is in progress on it. */
type Connections = Map<Duplex, boolean>;

function watchConnections(server: Server): Connections {
  const connections: Connections = new Map();
  const add = (socket: Socket): void => {
    connections.set(socket, false);
    socket.once("close", () => connections.delete(socket));
  };
  server.on("connection", add);
  server.on("secureConnection", (secured: Socket) => {
    // The connection below it is known already; closing this one closes both.
    for (const socket of connections.keys()) {
      if (isBelow(socket, secured)) connections.delete(socket);
    }
    add(secured);
  });
  server.on("request", ({ socket }, outgoing) => {
    connections.set(socket, true);
    outgoing.once("close", () => connections.has(socket) && connections.set(socket, false));
  });
  return connections;
}

/** Node does not name the socket that a secured one runs on; both have the same ends. */
function isBelow(socket: Duplex, secured: Socket): boolean {
  if (!(socket instanceof Socket) || socket === secured) return false;
  return socket.remotePort === secured.remotePort && socket.remoteAddress === secured.remoteAddress;
}

/** Answers bytes that are no HTTP request, in the shape of every other error. */
function answerMalformed(server: Server, connections: Connections, logger: Logger): void {
  server.on("clientError", (thrown: NodeJS.ErrnoException, socket) => {
    // Nothing may be written into an answer in progress.
    if (thrown.code === "ECONNRESET" || !socket.writable || connections.get(socket) === true) {
      socket.destroy();
      return;
    }
    const { id, status, body } = describe(clientError(thrown), logger);
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\ncontent-type: application/json\r\nconnection: close\r\n` +
        `${REQUEST_ID_HEADER}: ${id}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
}

function clientError(thrown: NodeJS.ErrnoException): TurnwiseError {
  if (thrown.code === "HPE_HEADER_OVERFLOW")
    return turnwiseError("headers_too_large", { limitBytes: MAX_HEADER_BYTES });
  if (thrown.code === "ERR_HTTP_REQUEST_TIMEOUT") return turnwiseError("request_incomplete");
  return turnwiseError("http_malformed", { reason: thrown.message });
}

function describe(error: TurnwiseError, logger: Logger): { id: string; status: number; body: string } {
  const id = requestIdFrom(undefined);
  const status = errorStatus(error);
  logger.info({ id, route: "unmatched", status, error: error.code }, "request");
  return { id, status, body: JSON.stringify(errorBody(error, id)) };
}
