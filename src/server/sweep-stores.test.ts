import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeTurn } from "../../test/support/make-turn.ts";
import { SessionStore } from "../turns/session-store.ts";
import { TurnMemory } from "../turns/turn-memory.ts";
import { IdempotencyStore } from "./idempotency/idempotency-store.ts";
import { ResponseStore } from "./responses/response-store.ts";
import { sweepStores } from "./sweep-stores.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("frees what its tenant does not ask for any more, until the server has ended", async () => {
  const stores = {
    idempotency: new IdempotencyStore(),
    responses: new ResponseStore({ ttlMs: 1000, bytesPerOwner: 1000 }),
    sessions: new SessionStore(),
    turns: new TurnMemory(),
  };
  stores.turns.add("gone", makeTurn());
  const sweeps = Object.values(stores).map((store) => vi.spyOn(store, "dropExpired"));
  const ending = new AbortController();
  const ended = new Promise<void>((resolve) => ending.signal.addEventListener("abort", () => resolve()));
  sweepStores(stores, ended);
  vi.advanceTimersByTime(61 * 60_000);
  expect(sweeps.map((sweep) => sweep.mock.calls.length)).toEqual([61, 61, 61, 61]);
  expect(stores.turns.recent("gone", "")).toEqual([]);
  ending.abort();
  await ended;
  vi.advanceTimersByTime(60_000);
  expect(sweeps[0]?.mock.calls).toHaveLength(61);
});
