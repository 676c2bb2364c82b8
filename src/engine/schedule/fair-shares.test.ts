/** Who is served, of tenants that want the machine at once. */

import { describe, expect, it } from "vitest";
import { makeScheduler } from "../../../test/support/scheduler-harness.ts";
import { CacheDomains } from "./cache-domain.ts";
import type { Sequence } from "./sequence.ts";

/** Two tenants of weights 1 and `weight`, and a scheduler. */
function makeTenants(weight: number, limits: Parameters<typeof makeScheduler>[0] = {}) {
  const domains = new CacheDomains();
  const light = domains.of("light", "", Infinity, 1);
  const heavy = domains.of("heavy", "", Infinity, weight);
  return { light, heavy, ...makeScheduler({ pages: 1000, ...limits }) };
}

/** Prompt rows of each age in `steps` steps. */
function rowsOf(step: () => [age: number, rows: number][], steps: number): Map<number, number> {
  const rows = new Map<number, number>();
  for (let count = 0; count < steps; count++) {
    for (const [age, each] of step()) rows.set(age, (rows.get(age) ?? 0) + each);
  }
  return rows;
}

const generated = (sequences: readonly Sequence[]): number =>
  sequences.reduce((sum, { tokens }) => sum + tokens.length, 0);

describe("fair shares", () => {
  it.each([1, 3, 5])("of weights 1 and %i divide the rows of prompts as the weights are", (weight) => {
    const { light, heavy, add, step } = makeTenants(weight, { maxStepTokens: 64 });
    add(6000, { domain: light });
    add(6000, { domain: heavy });
    const rows = rowsOf(step, 90);
    const ratio = (rows.get(2) ?? 0) / (rows.get(1) ?? 1);
    expect(ratio).toBeGreaterThan(weight * 0.9);
    expect(ratio).toBeLessThan(weight * 1.1);
  });

  it("count what is generated too", () => {
    const { light, heavy, add, step } = makeTenants(1, { maxStepTokens: 64 });
    // Four that decode take 16 rows' worth a step of the 60 that prompts have.
    for (let count = 0; count < 4; count++) add(1, { domain: light });
    step();
    add(6000, { domain: light });
    add(6000, { domain: heavy });
    const rows = rowsOf(step, 100);
    const [own, other] = [rows.get(5) ?? 0, rows.get(6) ?? 0];
    expect((own + 100 * 4 * 4) / other).toBeGreaterThan(0.9);
    expect((own + 100 * 4 * 4) / other).toBeLessThan(1.1);
  });

  it("are not saved up while a tenant wants nothing", () => {
    const { light, heavy, add, step } = makeTenants(1, { maxStepTokens: 64 });
    add(8000, { domain: light });
    rowsOf(step, 60);
    add(4000, { domain: heavy });
    const rows = rowsOf(step, 50);
    expect(rows.get(1)).toBeGreaterThan(0.45 * 3200);
    expect(rows.get(2)).toBeGreaterThan(0.45 * 3200);
  });

  it("let a newcomer through behind another tenant's flood", () => {
    const { light, heavy, add, step } = makeTenants(1, { maxStepTokens: 64 });
    for (let count = 0; count < 20; count++) add(640, { domain: light });
    rowsOf(step, 20);
    const newcomer = add(60, { domain: heavy });
    step();
    expect(newcomer.cachedTokens).not.toBeNull();
  });

  it("come after priorities", () => {
    const { light, heavy, add, step } = makeTenants(100, { maxStepTokens: 64 });
    add(6400, { domain: heavy });
    add(6400, { domain: light, priority: 1 });
    expect([...rowsOf(step, 50).keys()]).toEqual([2]);
  });

  it("serve what is due first within a tenant, and the older of equal ones", () => {
    const { add, step } = makeScheduler({ maxStepTokens: 10 });
    add(9, { dueMs: 50 });
    add(9, { dueMs: 20 });
    add(9, { dueMs: 20 });
    const order: number[] = [];
    for (let count = 0; count < 3; count++) order.push(...step().flatMap(([age, rows]) => (rows > 1 ? [age] : [])));
    expect(order).toEqual([2, 3, 1]);
  });

  it("hand places on where one tenant holds them all, at no cost", () => {
    const { light, heavy, add, step, scheduler } = makeTenants(3, { maxSequences: 4 });
    const first = Array.from({ length: 6 }, () => add(20, { domain: light }));
    for (let count = 0; count < 100; count++) step();
    const second = Array.from({ length: 6 }, () => add(20, { domain: heavy }));
    for (let count = 0; count < 40; count++) step();
    const [before, beforeHeavy] = [generated(first), generated(second)];
    for (let count = 0; count < 600; count++) {
      // Each goes on where it was: nothing is computed twice.
      for (const [, rows] of step()) expect(rows).toBe(1);
    }
    expect(scheduler.preemptions).toBeGreaterThan(4);
    const ratio = (generated(second) - beforeHeavy) / (generated(first) - before);
    expect(ratio).toBeGreaterThan(2.7);
    expect(ratio).toBeLessThan(3.3);
  });
});
