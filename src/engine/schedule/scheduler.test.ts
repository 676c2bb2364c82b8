import { describe, expect, it } from "vitest";
import { PagePool } from "./page-pool.ts";
import { PREFILL_TOKENS_WHILE_DECODING, Scheduler, type SchedulerLimits } from "./scheduler.ts";
import { Sequence } from "./sequence.ts";

function make(limits: Partial<SchedulerLimits> & { pages?: number } = {}) {
  const { pages = 100, ...rest } = limits;
  const pool = new PagePool(pages, 16);
  const scheduler = new Scheduler(pool, { maxStepTokens: 512, maxSequences: 8, maxLogitRows: 16, ...rest });
  let age = 0;
  const add = (tokens: number, scoreFrom: number | null = null): Sequence => {
    age += 1;
    const sequence = new Sequence({ age, orderId: age, choice: 0, tokens: new Int32Array(tokens), scoreFrom });
    scheduler.add(sequence);
    return sequence;
  };
  /** Plans and commits; generations get a token where their logits were read. */
  const step = (): [age: number, rows: number][] => {
    const { chunks } = scheduler.plan();
    scheduler.commit();
    for (const { sequence, logitRows } of chunks) {
      if (sequence.score === null && logitRows > 0) sequence.tokens.push(0);
      if (sequence.score !== null) sequence.score.next += logitRows;
    }
    scheduler.checkInvariants();
    return chunks.map(({ sequence, rows }) => [sequence.age, rows]);
  };
  return { scheduler, pool, add, step };
}

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
      [2, PREFILL_TOKENS_WHILE_DECODING],
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

  it("preempts the youngest when an older one needs its pages, and resumes it before newcomers", () => {
    const { add, step, scheduler, pool } = make({ pages: 4 });
    const old = add(16);
    const young = add(30);
    step();
    for (let count = 0; count < 15; count++) step();
    expect(pool.free).toBe(0);
    add(1);
    while (young.state === "running") step();
    expect(young.pages.length).toBe(0);
    expect(young.computed).toBe(0);
    expect(scheduler.preemptions).toBe(1);
    expect(scheduler.waiting.map(({ age }) => age)).toEqual([2, 3]);
    scheduler.remove(old);
    const [next] = step();
    // Its prompt and all it had generated.
    expect(next).toEqual([2, young.tokens.length - 1]);
  });

  it("never reads more logits rows than may, and keeps one for each text that decodes", () => {
    const { add, scheduler, step } = make({ maxLogitRows: 4 });
    add(3);
    add(3);
    step();
    add(50, 10);
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

  it("gives a finished prompt's pages to its siblings, all but the last token", () => {
    const { scheduler, pool } = make();
    const [leader, ...siblings] = [0, 1, 2].map(
      (choice) => new Sequence({ age: choice + 1, orderId: 1, choice, tokens: new Int32Array(40), scoreFrom: null }),
    );
    if (leader === undefined) return;
    scheduler.add(leader, siblings);
    scheduler.plan();
    expect(siblings.map(({ state }) => state)).toEqual(["unforked", "unforked"]);
    scheduler.commit();
    expect(siblings.map(({ computed, pending, state }) => [computed, pending, state])).toEqual([
      [39, 1, "running"],
      [39, 1, "running"],
    ]);
    expect(pool.used).toBe(3);
    leader.tokens.push(0);
    const { copies } = scheduler.plan();
    // Two of the three copy the shared partial page; the last to write keeps it.
    expect(copies.map(({ from, tokens }) => [from, tokens])).toEqual([
      [2, 8],
      [2, 7],
    ]);
    expect(pool.used).toBe(5);
  });

  it("takes pages from waiting siblings, older or not, rather than stop", () => {
    const { scheduler, pool } = make({ pages: 6, maxSequences: 2 });
    const [leader, ...siblings] = [0, 1, 2].map(
      (choice) => new Sequence({ age: choice + 1, orderId: 1, choice, tokens: new Int32Array(33), scoreFrom: null }),
    );
    const young = new Sequence({ age: 9, orderId: 2, choice: 0, tokens: new Int32Array(32), scoreFrom: null });
    if (leader === undefined) return;
    const decodeYoungTo = (tokens: number): void => {
      while (young.computed < tokens) {
        young.tokens.push(0);
        expect(scheduler.plan().chunks.map(({ sequence }) => sequence.age)).toContain(9);
        scheduler.commit();
        scheduler.checkInvariants();
      }
    };
    scheduler.add(leader, siblings);
    scheduler.add(young);
    scheduler.plan();
    scheduler.commit();
    // Both places are taken: the siblings wait with their share of the prompt.
    expect(siblings.map(({ state, pages }) => [state, pages.length])).toEqual([
      ["waiting", 2],
      ["waiting", 2],
    ]);
    decodeYoungTo(48);
    scheduler.remove(leader);
    // One page is free: too little to let a sibling in beside the young one, which takes it and then theirs.
    decodeYoungTo(65);
    expect(siblings.map(({ state, pages }) => [state, pages.length])).toEqual([
      ["waiting", 0],
      ["waiting", 0],
    ]);
    expect(pool.used).toBe(5);
    scheduler.remove(young);
    expect(scheduler.plan().chunks.map(({ sequence, rows }) => [sequence.age, rows])).toContainEqual([2, 33]);
  });

  it("wants nothing when nothing is there", () => {
    const { scheduler } = make();
    expect(scheduler.hasWork).toBe(false);
    expect(scheduler.plan().chunks).toEqual([]);
  });
});
