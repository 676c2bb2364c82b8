/** Who gives place and pages to the next in line where pages, not places, are short; and at what cost. */

import { describe, expect, it } from "vitest";
import { makeScheduler } from "../../../test/support/scheduler-harness.ts";
import { CacheDomains } from "./cache-domain.ts";
import type { Sequence } from "./sequence.ts";

const PAGES = 40;
/** Places are never short. */
const ROOMY = { pages: PAGES, maxSequences: 32, maxLogitRows: 64 };
const PAGE_TOKENS = 16;

/** Eight answers of five pages fill the pool. */
function makeFull() {
  const domains = new CacheDomains();
  const [light, heavy] = [domains.of("light", ""), domains.of("heavy", "")];
  const made = makeScheduler(ROOMY);
  const answers = Array.from({ length: 8 }, () => made.add(4 * PAGE_TOKENS, { domain: heavy }));
  made.step();
  expect(made.scheduler.running).toHaveLength(8);
  return { ...made, answers, light, heavy, domains };
}

/** Steps until `isSo`, at most `limit`; gives how many. */
function stepUntil(step: () => unknown, isSo: () => boolean, limit = 2000): number {
  for (let steps = 0; steps < limit; steps++) {
    if (isSo()) return steps;
    step();
  }
  throw new RangeError("it never came");
}

const waiting = (sequences: readonly Sequence[]): number => sequences.filter(({ state }) => state === "waiting").length;

describe("a request of higher priority, where pages are short", () => {
  it("is let in at once, for the pages of as few as it takes, which go on later", () => {
    const { add, step, scheduler, answers, heavy } = makeFull();
    const urgent = add(60, { domain: heavy, priority: 1 });
    expect(step()).toContainEqual([urgent.age, 60]);
    expect([scheduler.preemptions, waiting(answers)]).toEqual([1, 1]);
    const displaced = answers.find(({ state }) => state === "waiting");
    for (let count = 0; count < 60; count++) step();
    // It was never taken back, and grew at the cost of others.
    expect([urgent.state, urgent.tokens.length, urgent.preemptions]).toEqual(["running", 60 + 61, 0]);
    scheduler.remove(urgent);
    for (const other of answers.slice(2)) if (other !== displaced) scheduler.remove(other);
    const before = displaced?.tokens.length ?? 0;
    stepUntil(step, () => (displaced?.tokens.length ?? 0) > before + 20);
    expect(displaced?.preemptions).toBe(1);
  });

  it("takes the pages of as many as it needs", () => {
    const { add, step, scheduler, answers } = makeFull();
    const urgent = add(PAGE_TOKENS * 12, { priority: 1 });
    step();
    expect([urgent.state, waiting(answers), scheduler.preemptions]).toEqual(["running", 3, 3]);
  });

  it("takes nobody's where all of them would not do", () => {
    const { add, step, scheduler, answers } = makeFull();
    add(PAGE_TOKENS * 30, { priority: 2 });
    step();
    const before = scheduler.preemptions;
    const urgent = add(PAGE_TOKENS * 20, { priority: 1 });
    for (let count = 0; count < 10; count++) step();
    expect(urgent.state).toBe("waiting");
    expect([scheduler.preemptions, waiting(answers)]).toEqual([before, 7]);
  });

  it("needs no pages of its prefix, whoever runs on them", () => {
    const shared = Int32Array.from({ length: PAGE_TOKENS * 30 }, (_, index) => index);
    const { add, step, scheduler } = makeScheduler(ROOMY);
    const base = add(shared);
    stepUntil(step, () => base.decodes);
    const others = [add(PAGE_TOKENS * 4), add(PAGE_TOKENS * 2)];
    stepUntil(step, () => others.every(({ state }) => state === "running"));
    const urgent = add(Int32Array.from([...shared, ...new Int32Array(PAGE_TOKENS).fill(7)]), { priority: 1 });
    step();
    expect(urgent.cachedTokens).toBe(shared.length);
    expect([base.state, ...others.map(({ state }) => state)]).toEqual(["running", "running", "waiting"]);
    expect(scheduler.preemptions).toBe(1);
  });

  it("goes before a first in line that its tenant's quota holds back", () => {
    const { add, step, domains, light, answers } = makeFull();
    const tight = domains.of("tight", "", 3);
    const first = add(30, { domain: tight, priority: 1, dueMs: 1 });
    step();
    const blocked = add(30, { domain: tight, priority: 1, dueMs: 2 });
    const other = add(60, { domain: light, priority: 1, dueMs: 3 });
    step();
    expect([first.state, blocked.state, other.state]).toEqual(["running", "waiting", "running"]);
    expect(waiting(answers)).toBeGreaterThan(0);
  });

  it("takes the pages of its own tenant's lower ones at the quota, and nobody else's", () => {
    const domains = new CacheDomains();
    const [tight, wide] = [domains.of("tight", "", 6), domains.of("wide", "")];
    const { add, step } = makeScheduler(ROOMY);
    const [own, other] = [add(60, { domain: tight }), add(60, { domain: wide })];
    step();
    const urgent = add(60, { domain: tight, priority: 1 });
    step();
    expect([own.state, other.state, urgent.state]).toEqual(["waiting", "running", "running"]);
  });
});

describe("a tenant that was not served, where another's answers have all pages", () => {
  it("is let in soon, and both go on", () => {
    const { add, step, scheduler, answers, light } = makeFull();
    const own = add(60, { domain: light });
    const steps = stepUntil(step, () => own.state === "running");
    expect(steps).toBeLessThan(10);
    expect(waiting(answers)).toBeGreaterThanOrEqual(1);
    for (let count = 0; count < 100; count++) step();
    // The flood grows at its own cost.
    expect([own.state, own.preemptions]).toEqual(["running", 0]);
    expect(own.tokens.length).toBeGreaterThan(60 + 90);
    expect(scheduler.running.length).toBeGreaterThan(1);
  });

  it("hands the pages on where only one has room, and computes less twice than anew", () => {
    const domains = new CacheDomains();
    const { add, step, scheduler } = makeScheduler(ROOMY);
    const texts = ["one", "two"].map((name) => add(340, { domain: domains.of(name, "") }));
    const lengths = (): number[] => texts.map(({ tokens }) => tokens.length);
    let rows = 0;
    // Each could have 640 tokens alone.
    while (Math.max(...lengths()) < 620) for (const [, each] of step()) rows += each;
    const made = Math.min(...lengths()) - 340;
    expect(made).toBeGreaterThan(150);
    expect(scheduler.preemptions).toBeGreaterThan(2);
    const again = rows - lengths().reduce((sum, length) => sum + length - 1, 0);
    // As shares count them: a generated token is four rows.
    expect(again).toBeLessThan(4 * lengths().reduce((sum, length) => sum + length - 340, 0));
  });
});
