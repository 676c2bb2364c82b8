import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { EventLoopDelay } from "./event-loop-delay.ts";

/** Beyond what a busy machine adds to an idle loop in most tries; what it adds to a pause has no bound. */
const PAUSE_MS = 200;

const delay = new EventLoopDelay();
afterEach(() => delay.stop());

/** A pause is told once the loop has come to its timers again. */
async function pause(): Promise<void> {
  await sleep(20);
  const end = performance.now() + PAUSE_MS;
  while (performance.now() < end);
  await sleep(20);
}

it("tells the longest pause since it was last asked", async () => {
  expect(delay.take()).toEqual([]);
  await pause();
  const [median, p99, longest] = delay.take();
  expect([median?.quantile, p99?.quantile, longest?.quantile]).toEqual([0.5, 0.99, 1]);
  // The timer may have been a millisecond from its next call when the pause began.
  expect(longest?.seconds).toBeGreaterThanOrEqual((PAUSE_MS - 1) / 1000);
  expect(median?.seconds).toBeLessThanOrEqual(p99?.seconds ?? 0);
  expect(median?.seconds).toBeLessThan(PAUSE_MS / 1000 / 2);
  await sleep(50);
  expect(delay.take().at(-1)?.seconds).toBeLessThan(longest?.seconds ?? 0);
});

it("begins anew after it was stopped", async () => {
  delay.take();
  await pause();
  delay.stop();
  expect(delay.take()).toEqual([]);
});
