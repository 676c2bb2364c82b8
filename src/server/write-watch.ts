/**
 * Disconnects clients that stop reading. A connection whose waiting bytes do not shrink for the
 * write timeout is destroyed; the request on it then ends like any other whose client has gone.
 *
 * What waits meanwhile is bounded: the socket's buffer, the stream's (`event-stream.ts`), and what
 * the engine has generated of at most `max_tokens`.
 */

import type { Server } from "node:http";
import { Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import { turnwiseError } from "../base/errors.ts";
import type { TurnwiseError } from "../base/errors.ts";

/** Looks per timeout; a stall is found at most a quarter late. */
const LOOKS_PER_TIMEOUT = 4;

interface Progress {
  writtenBytes: number;
  sinceMs: number;
}

export interface WriteWatch {
  /** Why this connection was destroyed, if it was for not reading. */
  reasonFor(socket: Socket): TurnwiseError | null;
  /** From now on; 0 watches none. */
  setTimeout(timeoutMs: number): void;
  stop(): void;
}

/** Watches every connection of `server` from now on; a timeout of 0 watches none. */
export function watchWrites(server: Server, firstTimeoutMs: number): WriteWatch {
  const reasons = new WeakMap<Socket, TurnwiseError>();
  const sockets = new Map<Socket, Progress>();
  const watch = (socket: Socket): void => {
    sockets.set(socket, { writtenBytes: 0, sinceMs: performance.now() });
    socket.once("close", () => sockets.delete(socket));
  };
  // Requests name the socket that they came by: under TLS that is the secured one.
  server.on(server instanceof TlsServer ? "secureConnection" : "connection", watch);

  const look = (timeoutMs: number): void => {
    const nowMs = performance.now();
    for (const [socket, progress] of sockets) {
      // Bytes that the kernel has taken: `bytesWritten` counts those that still wait too. The kernel takes
      // more only when about half of its send buffer (1 to 4 MB) is free, so a reader must manage that much
      // in a timeout.
      const writtenBytes = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || writtenBytes !== progress.writtenBytes) {
        progress.writtenBytes = writtenBytes;
        progress.sinceMs = nowMs;
      } else if (nowMs - progress.sinceMs >= timeoutMs) {
        const waitedMs = Math.round(nowMs - progress.sinceMs);
        reasons.set(socket, turnwiseError("client_too_slow", { waitedMs, bufferedBytes: socket.writableLength }));
        socket.destroy();
      }
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const watchFor = (timeoutMs: number): void => {
    clearInterval(timer);
    if (timeoutMs === 0) return;
    // What stood still while nobody looked is not held against it.
    for (const progress of sockets.values()) progress.sinceMs = performance.now();
    timer = setInterval(look, Math.max(1, timeoutMs / LOOKS_PER_TIMEOUT), timeoutMs).unref();
  };
  watchFor(firstTimeoutMs);
  return {
    reasonFor: (socket) => reasons.get(socket) ?? null,
    setTimeout: watchFor,
    stop: () => clearInterval(timer),
  };
}
