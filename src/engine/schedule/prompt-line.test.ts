/** What a step's plan costs beside many that wait: calls are counted, not milliseconds. */

import { describe, expect, it, vi } from "vitest";
import { makeScheduler } from "../../../test/support/scheduler-harness.ts";
import { TokenBuffer } from "../step/token-buffer.ts";
import { CacheDomains } from "./cache-domain.ts";
import { FairShares } from "./fair-shares.ts";
import type { PrefixIndex } from "./prefix-index.ts";

/** Places are never short. */
const ROOMY = { maxSequences: 32, maxLogitRows: 64 };
const PAGE_TOKENS = 16;

/** How often a step walks the prefix tree, and compares two in line. */
function countsOf(step: () => unknown, index: PrefixIndex): { readonly walks: number; readonly comparisons: number } {
  const walks = vi.spyOn(index, "match");
  const comparisons = vi.spyOn(FairShares.prototype, "precedes");
  step();
  const counts = { walks: walks.mock.calls.length, comparisons: comparisons.mock.calls.length };
  walks.mockRestore();
  comparisons.mockRestore();
  return counts;
}

describe("planning beside five hundred that cannot be let in", () => {
  it("for their tenant's quota looks none of them up", () => {
    const domains = new CacheDomains();
    const tight = domains.of("tight", "", 4);
    const { add, step, index } = makeScheduler({ ...ROOMY, pages: 1000 });
    add(60, { domain: tight });
    step();
    for (let count = 0; count < 500; count++) add(40, { domain: tight });
    const other = add(400, { domain: domains.of("other", "") });
    const { walks, comparisons } = countsOf(step, index);
    expect(other.state).toBe("running");
    expect(walks).toBeLessThanOrEqual(2);
    expect(comparisons).toBeLessThan(10);
    expect(countsOf(step, index).walks).toBe(0);
  });

  it("for pages looks up the first of them", () => {
    const domains = new CacheDomains();
    const [light, heavy] = [domains.of("light", ""), domains.of("heavy", "")];
    const { add, step, index, scheduler } = makeScheduler({ ...ROOMY, pages: 40 });
    for (let count = 0; count < 8; count++) add(4 * PAGE_TOKENS, { domain: heavy });
    step();
    for (let count = 0; count < 500; count++) add(60, { domain: light });
    while (scheduler.preemptions === 0) step();
    const { walks, comparisons } = countsOf(step, index);
    expect(walks).toBeLessThanOrEqual(3);
    expect(comparisons).toBeLessThan(40);
  });

  it("for a prefix that is being computed looks none of them up again", () => {
    const shared = Int32Array.from({ length: 1000 }, (_, index) => index);
    const { add, step, index } = makeScheduler({ pages: 1000, maxStepTokens: 64 });
    for (let count = 0; count < 500; count++) add(shared);
    step();
    const { walks, comparisons } = countsOf(step, index);
    expect([walks, comparisons]).toEqual([0, 0]);
  });

  it("leaves the cache of the first that waits in the order of its use", () => {
    const { add, step, scheduler, index } = makeScheduler({ pages: 12 });
    const [blocked, later] = [new Int32Array(2 * PAGE_TOKENS).fill(10), new Int32Array(2 * PAGE_TOKENS).fill(11)];
    for (const text of [blocked, later]) {
      const sequence = add(text);
      step();
      scheduler.remove(sequence);
    }
    const { domain } = add(100);
    step();
    expect(add(Int32Array.from([...blocked, ...new Int32Array(100)])).state).toBe("waiting");
    for (let count = 0; count < 4; count++) step();
    index.evict(1);
    const found = [blocked, later].map((text) => index.match(new TokenBuffer(text), text.length, domain).tokens);
    expect(found).toEqual([PAGE_TOKENS, 2 * PAGE_TOKENS]);
  });
});
