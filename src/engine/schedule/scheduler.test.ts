import { describe, expect, it } from "vitest";
import { makeScheduler as make } from "../../../test/support/scheduler-harness.ts";
import { CacheDomains } from "./cache-domain.ts";

describe("Scheduler", () => {
  it("fills a step with prompts, first come first served, then decodes them together", () => {
    const { add, step } = make({ maxStepTokens: 100 });
    add(60);
    add(30);
    add(40);
    expect(step()).toEqual([
      [1, 60],
      [2, 30],
      [3, 10],
    ]);
    // From here on texts decode, and a prompt has its bounded share.
    expect(step()).toEqual([
      [1, 1],
      [2, 1],
      [3, 30],
    ]);
    expect(step()).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
  });

  it("bounds what prompts add to a step in which others decode", () => {
    const { add, step } = make();
    add(1);
    step();
    add(1000);
    expect(step()).toEqual([
      [1, 1],
      [2, 64],
    ]);
  });

  it("gives prompts their share of a step that takes long already, and a row however little that is", () => {
    const shared = make({ maxStallMs: 0, minPrefillShare: 0.5 });
    for (let count = 0; count < 5; count++) shared.add(1);
    shared.step();
    shared.add(1000);
    expect(shared.step().at(-1)).toEqual([6, 5]);
    const least = make({ maxStallMs: 0, minPrefillShare: 0 });
    least.add(1);
    least.step();
    least.add(1000);
    least.add(1000);
    expect(least.step()).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it("leaves a row for prompts in the fullest batch", () => {
    const { add, step, scheduler } = make({ maxStepTokens: 4, maxSequences: 8 });
    for (let count = 0; count < 5; count++) add(1);
    for (let count = 0; count < 4; count++) step();
    expect(scheduler.running.length).toBe(3);
    expect(scheduler.waiting.length).toBe(2);
  });

  it("lets no one in while pages are short, and the first in line first", () => {
    const { add, step, scheduler } = make({ pages: 5 });
    const first = add(40);
    add(60);
    add(1);
    expect(step()).toEqual([[1, 40]]);
    expect(scheduler.waiting.map(({ age }) => age)).toEqual([2, 3]);
    scheduler.remove(first);
    expect(step()).toEqual([
      [2, 60],
      [3, 1],
    ]);
  });

  it("preempts a younger one when an older one needs its pages, and resumes it before newcomers", () => {
    const { add, step, scheduler, pool } = make({ pages: 4 });
    const old = add(16);
    const young = add(30);
    step();
    for (let count = 0; count < 15; count++) step();
    expect(pool.available).toBe(0);
    add(1);
    while (young.state === "running") step();
    expect(young.pages.length).toBe(0);
    expect(young.computed).toBe(0);
    expect(scheduler.preemptions).toBe(1);
    expect(scheduler.waiting.map(({ age }) => age)).toEqual([2, 3]);
    scheduler.remove(old);
    const [next] = step();
    // Its prompt and all it had generated, but for the page that was not needed meanwhile.
    expect(next).toEqual([2, young.tokens.length - 1 - 16]);
  });

  it("never reads more logits rows than may, and keeps one for each text that decodes", () => {
    const { add, scheduler, step } = make({ maxLogitRows: 4 });
    add(3);
    add(3);
    step();
    add(50, { scoreFrom: 10 });
    // 9 rows before the first whose logits count, then two: four less one for each text.
    expect(step()).toEqual([
      [1, 1],
      [2, 1],
      [3, 11],
    ]);
    const plan = scheduler.plan();
    expect(plan.chunks.map(({ sequence, rows, logitRows }) => [sequence.age, rows, logitRows])).toEqual([
      [1, 1, 1],
      [2, 1, 1],
      [3, 2, 2],
    ]);
    expect(plan.logitRows).toBe(4);
  });

  it("lets the same prompt wait for the first to compute it, then share all but its last token", () => {
    const { add, step, scheduler, pool } = make();
    const prompt = new Int32Array(40).fill(7);
    const [first, second, third] = [add(prompt), add(prompt), add(prompt)];
    add(5);
    // The fourth has nothing to wait for.
    expect(step()).toEqual([
      [1, 40],
      [4, 5],
    ]);
    const { copies } = scheduler.plan();
    expect([second.computed, third.computed, second.cachedTokens, third.pending]).toEqual([39, 39, 39, 1]);
    // Each copies the first 7 tokens of the third page; the first goes on in it.
    expect(copies.map(({ from, tokens }) => [from, tokens])).toEqual([
      [2, 7],
      [2, 7],
    ]);
    expect([second.pages.at(0), second.pages.at(1)]).toEqual([first.pages.at(0), first.pages.at(1)]);
    expect(pool.inUse).toBe(3 + 2 + 1);
  });

  it("finds exactly the common prefix of a finished text, and of the running one that goes on from it", () => {
    const { add, step, scheduler } = make();
    const first = add(Int32Array.from({ length: 37 }, (_, index) => index));
    step();
    scheduler.remove(first);
    scheduler.checkInvariants();
    const changed = Int32Array.from({ length: 60 }, (_, index) => (index < 35 ? index : 100));
    const second = add(changed);
    step();
    expect(second.cachedTokens).toBe(35);
    // All but its last token is there.
    const third = add(changed);
    step();
    expect(third.cachedTokens).toBe(59);
  });

  it("does not share between domains", () => {
    const { add, step, scheduler } = make();
    const other = new CacheDomains().of("other", "");
    const prompt = new Int32Array(40).fill(7);
    scheduler.remove(add(prompt));
    const [first, second] = [add(prompt), add(prompt, { domain: other })];
    step();
    scheduler.remove(first);
    const third = add(prompt, { domain: other });
    step();
    expect([first.cachedTokens, second.cachedTokens, third.cachedTokens]).toEqual([0, 0, 39]);
  });

  it("keeps the pages of what is removed half way", () => {
    const { add, step, scheduler } = make({ maxStepTokens: 32 });
    const prompt = new Int32Array(100).fill(3);
    const first = add(prompt);
    step();
    scheduler.remove(first);
    scheduler.checkInvariants();
    const second = add(prompt);
    step();
    expect(second.cachedTokens).toBe(32);
    scheduler.discard(second);
    scheduler.checkInvariants();
  });

  it("gives cached pages to whoever needs room", () => {
    const { add, step, scheduler, pool, index } = make({ pages: 6 });
    const first = add(60);
    step();
    scheduler.remove(first);
    expect([pool.free, pool.evictable]).toEqual([2, 4]);
    const second = add(70);
    step();
    scheduler.checkInvariants();
    expect([second.state, pool.free, pool.evictable, index.evictions]).toEqual(["running", 0, 1, 3]);
  });

  it("takes a cached page for its own where the pool has no page to copy it to", () => {
    const { add, step, scheduler } = make({ pages: 2 });
    const prompt = new Int32Array(30).fill(4);
    const first = add(prompt);
    step();
    scheduler.remove(first);
    const second = add(prompt);
    expect(step()).toEqual([[2, 1]]);
    expect(second.cachedTokens).toBe(29);
  });

  it("lets the higher priority in first, and preempts it last", () => {
    const { add, step, scheduler } = make({ maxSequences: 1 });
    add(4);
    step();
    add(4);
    add(4, { priority: 5 });
    expect(scheduler.waiting.map(({ age }) => age)).toEqual([3, 2]);
    const small = make({ pages: 4 });
    const low = small.add(30);
    const high = small.add(30, { priority: 1 });
    for (let count = 0; count < 8; count++) small.step();
    expect([low.state, high.state]).toEqual(["waiting", "running"]);
  });

  it("keeps a tenant within its quota: its sequences wait and its cache is evicted, others go on", () => {
    const { add, step, scheduler } = make({ pages: 20 });
    const domains = new CacheDomains();
    const quota = domains.of("small", "", 4);
    const first = add(30, { domain: quota });
    const second = add(40, { domain: quota });
    add(100, { domain: domains.of("large", "") });
    expect(step().map(([age]) => age)).toEqual([1, 3]);
    scheduler.remove(first);
    step();
    expect(second.state).toBe("running");
    expect(quota.tenant.used).toBeLessThanOrEqual(4);
  });

  it("wants nothing when nothing is there", () => {
    const { scheduler } = make();
    expect(scheduler.hasWork).toBe(false);
    expect(scheduler.plan().chunks).toEqual([]);
  });
});
