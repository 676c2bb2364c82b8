/** Clients that real ones are not: they stop reading, stop sending, or do not speak HTTP. */

import { connect } from "node:net";
import type { Socket } from "node:net";

/** Everything the server sends on one connection. */
export interface RawConnection {
  readonly socket: Socket;
  readonly received: () => string;
  /** Resolves when either side has closed. */
  readonly closed: Promise<void>;
}

export function connectRaw(port: number): RawConnection {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  // A reset is one of the ways to be closed.
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return { socket, received: () => text, closed };
}

/** The bytes of a POST with a JSON body. */
export function rawPost(path: string, body: unknown): string {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
