/** The server's end: requests first, then connections. */

import type { HttpListener } from "./http-listener.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Logger } from "./request-log.ts";
import type { WriteWatch } from "./write-watch.ts";

/** After the last answer its final bytes may still be on their way to a slow client. */
const FLUSH_GRACE_MS = 2000;

export interface Shutdown {
  /** Lets running requests finish within `timeoutMs`; a second call cancels them at once. */
  drain(reason: string, timeoutMs: number): Promise<void>;
  now(): Promise<void>;
  /** Resolves when the server has ended, whoever asked for it. */
  readonly ended: Promise<void>;
}

interface ServerParts {
  readonly lifecycle: Lifecycle;
  readonly listeners: readonly HttpListener[];
  readonly writes: WriteWatch;
  readonly logger: Logger;
}

export function createShutdown({ lifecycle, listeners, writes, logger }: ServerParts): Shutdown {
  let drained: Promise<void> | null = null;
  let markEnded: (() => void) | null = null;
  const ended = new Promise<void>((resolve) => (markEnded = resolve));
  let graceMs = FLUSH_GRACE_MS;
  const end = async (timeoutMs: number): Promise<void> => {
    await lifecycle.drain(timeoutMs);
    await Promise.all(listeners.map((listener) => listener.close(graceMs)));
    writes.stop();
    logger.info("closed");
    markEnded?.();
  };
  const now = async (): Promise<void> => {
    graceMs = 0;
    if (drained === null) drained = end(0);
    else await lifecycle.drain(0);
    await drained;
  };
  return {
    now,
    ended,
    drain(reason, timeoutMs) {
      if (drained !== null) return now();
      logger.info({ reason, openRequests: lifecycle.openRequests }, "draining");
      for (const { server } of listeners) server.closeIdleConnections();
      drained = end(timeoutMs);
      return drained;
    },
  };
}
