import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EngineApi } from "../engine/types.ts";
import { Lifecycle } from "./lifecycle.ts";
import { RequestScope } from "./request-scope.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Nothing here calls the engine. */
const engine = {} as EngineApi;

function open(lifecycle: Lifecycle): RequestScope {
  const scope = new RequestScope("r", "POST", 0, (ended) => lifecycle.ended(ended));
  lifecycle.opened(scope);
  return scope;
}

/** Whether `promise` is settled after `ms`. */
async function settledAfter(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await vi.advanceTimersByTimeAsync(ms);
  return settled;
}

describe("Lifecycle.drain", () => {
  it("is done at once without requests", async () => {
    const lifecycle = new Lifecycle(engine);
    expect(lifecycle.admit()).toBe(engine);
    await lifecycle.drain(1000);
    expect(() => lifecycle.admit()).toThrow(expect.objectContaining({ code: "draining" }));
  });

  it("waits for the last request and no longer", async () => {
    const lifecycle = new Lifecycle(engine);
    const [first, second] = [open(lifecycle), open(lifecycle)];
    const drained = lifecycle.drain(1000);
    first.end();
    expect(await settledAfter(drained, 500)).toBe(false);
    expect(second.signal.aborted).toBe(false);
    second.end();
    expect(await settledAfter(drained, 0)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("cancels what is left when its time is up, and gives up on what does not end then", async () => {
    const lifecycle = new Lifecycle(engine);
    const scope = open(lifecycle);
    const drained = lifecycle.drain(1000);
    expect(await settledAfter(drained, 1000)).toBe(false);
    expect(scope.signal.reason).toMatchObject({ code: "draining" });
    expect(await settledAfter(drained, 5000)).toBe(true);
  });

  it("cancels at once when it is called again", async () => {
    const lifecycle = new Lifecycle(engine);
    const scope = open(lifecycle);
    scope.signal.addEventListener("abort", () => scope.end());
    const drained = lifecycle.drain(60_000);
    await lifecycle.drain(60_000);
    expect(await settledAfter(drained, 0)).toBe(true);
    expect(scope.error).toMatchObject({ code: "draining" });
  });
});

describe("Lifecycle while the model loads", () => {
  it("admits nothing until the engine is there", async () => {
    const lifecycle = new Lifecycle(Promise.resolve(engine));
    expect(lifecycle.phase).toBe("loading");
    expect(() => lifecycle.admit()).toThrow(expect.objectContaining({ code: "not_ready" }));
    await vi.advanceTimersByTimeAsync(0);
    expect(lifecycle.admit()).toBe(engine);
  });

  it("stays draining when the engine comes too late", async () => {
    const lifecycle = new Lifecycle(Promise.resolve(engine));
    await lifecycle.drain(0);
    expect(lifecycle.phase).toBe("draining");
  });
});

describe("RequestScope", () => {
  it("keeps the first reason of its cancellation and ends once", () => {
    const onEnd = vi.fn<(scope: RequestScope) => void>();
    const scope = new RequestScope("r", "GET", 100, onEnd);
    vi.advanceTimersByTime(100);
    scope.cancel(scope.failure("x"));
    expect(scope.failure(new TypeError("later"))).toMatchObject({ code: "request_timeout", params: { limitMs: 100 } });
    scope.end();
    scope.end();
    expect(onEnd).toHaveBeenCalledTimes(1);
  });
});
