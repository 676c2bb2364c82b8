/**
 * Frees what stores keep, once its time is over. They look at their own entries when they are asked for one; nobody
 * asks for those of a tenant that has left.
 */

import type { ServerContext } from "./server-context.ts";

const INTERVAL_MS = 60_000;

type Stores = Pick<ServerContext, "idempotency" | "responses" | "sessions" | "turns">;

/** Every minute until `ended`. */
export function sweepStores({ idempotency, responses, sessions, turns }: Stores, ended: Promise<void>): void {
  const timer = setInterval(() => {
    for (const store of [idempotency, responses, sessions, turns]) store.dropExpired();
  }, INTERVAL_MS);
  timer.unref();
  void ended.then(() => clearInterval(timer));
}
