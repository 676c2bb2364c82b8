import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RequestScope } from "../request-scope.ts";
import { IdempotencyStore } from "./idempotency-store.ts";
import { SharedRun } from "./shared-run.ts";

const MINUTE = 60_000;
const scope = (): RequestScope => new RequestScope("id", "POST", 0, () => undefined);

function make() {
  let nowMs = 0;
  const store = new IdempotencyStore(() => nowMs);
  return { store, pass: (ms: number) => (nowMs += ms) };
}

/** A run under `key` that has ended with a body of so many bytes. */
async function ended(store: IdempotencyStore, key: string, bytes: number, succeeded = true): Promise<void> {
  const run = new SharedRun("digest", scope());
  store.add("a", key, run);
  await run.body.record([new Uint8Array(bytes)] as never);
  store.end("a", key, succeeded);
}

describe("IdempotencyStore", () => {
  it("keeps an answer for ten minutes, for its tenant", async () => {
    const { store, pass } = make();
    await ended(store, "k", 10);
    expect(store.find("b", "k", "digest")).toBeNull();
    pass(10 * MINUTE - 1);
    expect(store.find("a", "k", "digest")).not.toBeNull();
    expect(() => store.find("a", "k", "another")).toThrow(expect.objectContaining({ code: "idempotency_mismatch" }));
    pass(1);
    expect(store.find("a", "k", "digest")).toBeNull();
  });

  it("frees what is over, though its tenant never comes again", async () => {
    const { store, pass } = make();
    await ended(store, "k", 1000);
    store.dropExpired();
    expect(store.heldBytes).toBe(1000);
    pass(10 * MINUTE);
    store.add("b", "running", new SharedRun("digest", scope()));
    store.dropExpired();
    expect(store.heldBytes).toBe(0);
    expect(store.find("b", "running", "digest")).not.toBeNull();
  });

  it("keeps what runs as long as it runs, and nothing that failed", async () => {
    const { store, pass } = make();
    store.add("a", "running", new SharedRun("digest", scope()));
    await ended(store, "failed", 10, false);
    pass(100 * MINUTE);
    expect(store.find("a", "running", "digest")).not.toBeNull();
    expect(store.find("a", "failed", "digest")).toBeNull();
  });

  it("drops the oldest answers of a tenant that has too many bytes, or too many", async () => {
    const { store } = make();
    const MiB = 1024 * 1024;
    for (const key of ["one", "two", "three"]) await ended(store, key, 12 * MiB);
    const known = (key: string): boolean => store.find("a", key, "digest") !== null;
    expect(["one", "two", "three"].map(known)).toEqual([false, true, true]);
    for (let count = 0; count < 1001; count++) await ended(store, String(count), 1);
    expect(["two", "0", "1", "1000"].map(known)).toEqual([false, false, true, true]);
  });

  it("says so where an answer has outgrown what is kept", async () => {
    const { store } = make();
    await ended(store, "small", 30 * 1024);
    await ended(store, "large", 17 * 1024 * 1024);
    expect(() => store.find("a", "large", "digest")).toThrow(expect.objectContaining({ code: "idempotency_outgrown" }));
    // What is not kept takes no room from others.
    await ended(store, "other", 16 * 1024 * 1024);
    expect(store.find("a", "small", "digest")).not.toBeNull();
  });
});

describe("SharedRun", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("is cancelled when nobody has waited for it for a while", () => {
    const own = scope();
    const run = new SharedRun("digest", own);
    const [first, second] = [run.attend(), run.attend()];
    first();
    first();
    vi.advanceTimersByTime(MINUTE);
    expect(own.signal.aborted).toBe(false);
    second();
    vi.advanceTimersByTime(29_999);
    const third = run.attend();
    vi.advanceTimersByTime(MINUTE);
    expect(own.signal.aborted).toBe(false);
    third();
    vi.advanceTimersByTime(30_000);
    expect(own.signal.aborted).toBe(true);
  });
});
