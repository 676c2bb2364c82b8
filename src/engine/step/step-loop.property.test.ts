/**
 * Random arrivals of tenants with priorities, weights and quotas, deadlines, slow readers, cancels, faults and
 * pools too small, thousands of steps: the books balance after every step, every accepted order ends in exactly
 * one terminal event, and what it says is what it says when it runs alone.
 */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeExecutor } from "../../../test/support/fake-executor.ts";
import { generationOrder, scoreOrder } from "../../../test/support/generation-order.ts";
import { ROW_COSTS, STALL_LIMITS } from "../../../test/support/step-costs.ts";
import { letterText } from "../../../test/support/letter-text.ts";
import { GREEDY } from "../../graph/sampler-settings.ts";
import { DEFAULT_TENANT, type Order } from "./order.ts";
import { StepLoop } from "./step-loop.ts";
import type { StepEvent } from "../threads/step-messages.ts";

const VOCABULARY = 20;
const PAGE_TOKENS = 4;
const END_TOKEN = 7;
const PARK_TIMEOUT_MS = 300;
/** `TURNWISE_STEPS=100000` for the long run. */
const STEPS = Number(process.env["TURNWISE_STEPS"] ?? 8000);

interface Machine {
  readonly pages: number;
  readonly maxStepTokens: number;
  readonly maxSequences: number;
  readonly maxLogitRows: number;
}

type Action =
  | { readonly kind: "submit"; readonly order: Order }
  | { readonly kind: "cancel" | "park" | "resume" | "keep"; readonly id: number };

/** The operator's, which both tenants read: a page and a part of one. */
const PUBLISHED = Int32Array.from([0, 1, 0, 0, 1]);
const PUBLISHED_PAGES = 2;

function makeLoop({ pages, maxStepTokens, maxSequences, maxLogitRows }: Machine) {
  const limits = { maxTokens: maxStepTokens, maxLogitRows, pages, pageTokens: PAGE_TOKENS };
  const executor = new FakeExecutor(limits, VOCABULARY);
  const clock = { nowMs: 0 };
  const loop = new StepLoop({
    executor,
    text: letterText([END_TOKEN]),
    limits: { ...STALL_LIMITS, maxSequences, parkTimeoutMs: PARK_TIMEOUT_MS },
    costs: ROW_COSTS,
    fingerprint: "fake",
    poolBytes: 1024,
    clock: () => clock.nowMs,
  });
  return { loop, executor, clock };
}

function publish(loop: StepLoop): void {
  loop.submit(generationOrder({ id: -1, prompt: PUBLISHED, maxTokens: 1, ignoreEos: true, publish: true }));
  while (loop.hasWork) loop.step();
  expect(loop.takeEvents().at(-1)).toMatchObject({ part: { kind: "end" } });
}

/** All that an order put out, but for timings, what was cached and how the prefill was cut. */
function transcript(events: readonly StepEvent[], id: number): string {
  const lines: string[] = [];
  for (const event of events) {
    if (event.id !== id) continue;
    if (event.kind === "scored") lines.push(`scored ${Array.from(event.logprobs).join()}`);
    else if (event.kind === "failed") lines.push(`failed ${event.error.code}`);
    else if (event.part.kind === "end") lines.push(`end ${event.part.usage.outputTokens}`);
    else if (event.part.kind !== "prefill") lines.push(`${event.part.choice} ${JSON.stringify(event.part)}`);
  }
  // Choices take turns as the batch allows; each one's own parts have an order.
  return lines.toSorted((a, b) => (a[0] ?? "").localeCompare(b[0] ?? "")).join("\n");
}

function isTerminal(event: StepEvent): boolean {
  return event.kind !== "part" || event.part.kind === "end";
}

function runAlone(order: Order): readonly StepEvent[] {
  const { loop } = makeLoop({ pages: 200, maxStepTokens: 64, maxSequences: 8, maxLogitRows: 64 });
  loop.submit({ ...order, tenant: DEFAULT_TENANT, deadlineMs: Infinity });
  const events: StepEvent[] = [];
  while (loop.hasWork) {
    loop.step();
    events.push(...loop.takeEvents());
  }
  return events;
}

const TENANTS = [
  { ...DEFAULT_TENANT, name: "a" },
  { ...DEFAULT_TENANT, name: "b", priority: 1 },
  { ...DEFAULT_TENANT, name: "c", weight: 3 },
  { ...DEFAULT_TENANT, name: "d", weight: 0.5, kvShare: 0.6 },
] as const;

const token = fc.nat(VOCABULARY - 1);
/** Few letters, so that prompts begin alike. */
const prompt = fc.array(fc.nat(2), { minLength: 1, maxLength: 12 }).map((tokens) => Int32Array.from(tokens));

const generation = fc
  .record({
    prompt,
    tenant: fc.constantFrom(...TENANTS),
    deadlineMs: fc.constantFrom(Infinity, Infinity, Infinity, 100, 1000),
    maxTokens: fc.integer({ min: 1, max: 32 }),
    choices: fc.constantFrom(1, 1, 1, 2, 3, 5),
    temperature: fc.constantFrom(0, 1),
    seed: fc.bigInt({ min: 0n, max: 1000n }),
    ignoreEos: fc.boolean(),
    minTokens: fc.constantFrom(0, 1),
    stop: fc.constantFrom([], [], ["ab", "ca", "lk"]),
    frequencyPenalty: fc.constantFrom(0, 0, 1),
    logprobs: fc.constantFrom(-1, 0, 2),
  })
  .map(({ temperature, frequencyPenalty, ...order }) =>
    generationOrder({ id: 0, ...order, sampling: { ...GREEDY, temperature, frequencyPenalty } }),
  );

const score = fc
  .record({ tokens: fc.array(token, { minLength: 2, maxLength: 40 }), from: fc.nat() })
  .map(({ tokens, from }): Order => {
    return scoreOrder({ id: 0, tokens: Int32Array.from(tokens), from: 1 + (from % (tokens.length - 1)) });
  });

const action = fc.oneof(
  { weight: 6, arbitrary: generation.map((order) => ({ kind: "submit" as const, order })) },
  { weight: 1, arbitrary: score.map((order) => ({ kind: "submit" as const, order })) },
  { weight: 1, arbitrary: fc.nat(400).map((id) => ({ kind: "cancel" as const, id })) },
  { weight: 2, arbitrary: fc.nat(400).map((id) => ({ kind: "park" as const, id })) },
  { weight: 1, arbitrary: fc.nat(400).map((id) => ({ kind: "resume" as const, id })) },
  { weight: 1, arbitrary: fc.nat(400).map((id) => ({ kind: "keep" as const, id })) },
);

const machine = fc.record({
  // 11 pages hold the longest order alone: 12 + 32 tokens of 4 a page.
  pages: fc.integer({ min: 11, max: 24 }),
  maxStepTokens: fc.integer({ min: 1, max: 40 }),
  maxSequences: fc.integer({ min: 1, max: 8 }),
  maxLogitRows: fc.integer({ min: 1, max: 12 }),
});

const scenario = fc.record({
  machine,
  actions: fc.array(fc.record({ action, steps: fc.nat(4) }), { minLength: 20, maxLength: 60 }),
  publishes: fc.boolean(),
  /** Which step fails, if any. */
  faultAt: fc.constantFrom(-1, -1, -1, 5, 30),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer S> ? S : never;

function runScenario({ machine: size, actions, publishes, faultAt }: Scenario) {
  const publishedPages = publishes ? PUBLISHED_PAGES : 0;
  const { loop, executor, clock } = makeLoop({ ...size, pages: size.pages + publishedPages });
  if (publishes) publish(loop);
  const accepted = new Map<number, Order>();
  const undisturbed: Order[] = [];
  /** Events of each order that was too large. */
  const refused: number[] = [];
  const events: StepEvent[] = [];
  let executed = 0;
  let stepsTaken = 0;
  executor.onStep = (batch) => {
    executed += 1;
    clock.nowMs += batch.tokens.length;
    if (executed === faultAt) throw new RangeError("injected");
  };
  const step = () => {
    loop.step();
    loop.checkInvariants();
    events.push(...loop.takeEvents());
    stepsTaken += 1;
  };
  const perform = (next: Action, id: number) => {
    if (next.kind === "keep") {
      const order = accepted.get(next.id % Math.max(1, id));
      if (order?.kind === "generate") loop.keep({ tokens: order.prompt, tenant: order.tenant.name, cacheKey: "" }, 10);
      return;
    }
    if (next.kind !== "submit") {
      loop[next.kind](next.id % Math.max(1, id));
      return;
    }
    const order = { ...next.order, id };
    loop.submit(order);
    accepted.set(id, order);
  };
  for (const [id, { action: next, steps }] of actions.entries()) {
    perform(next, id);
    loop.checkInvariants();
    for (let index = 0; index < steps; index++) step();
  }
  for (let left = 5000; loop.hasWork || loop.nextDueMs < Infinity; left--) {
    expect(left, "the loop ends").toBeGreaterThan(0);
    // Nothing but parked orders: their time passes.
    if (!loop.hasWork) clock.nowMs = loop.nextDueMs;
    step();
  }
  events.push(...loop.takeEvents());

  for (const [id, order] of accepted) {
    const own = events.filter((event) => event.id === id);
    expect(own.filter(isTerminal), `order ${id} ends once`).toHaveLength(1);
    expect(isTerminal(own.at(-1) ?? own[0] ?? { kind: "scored", id, logprobs: new Float32Array() })).toBe(true);
    const last = own.at(-1);
    if (last?.kind !== "failed") undisturbed.push(order);
    else if (last.error.code === "memory_insufficient") refused.push(own.length);
  }
  // What the whole pool, or its tenant's share, could not hold is told at once; what has begun never fails for memory.
  expect(refused.filter((count) => count > 1)).toEqual([]);
  for (const order of undisturbed) {
    expect(transcript(events, order.id)).toBe(transcript(runAlone(order), order.id));
  }
  expect(loop.stats()).toMatchObject({ running: 0, waiting: 0, parked: 0, pagesUsed: publishedPages });
  const { preemptions, evictions } = loop.stats();
  const failures = (code: string): number =>
    events.filter((event) => event.kind === "failed" && event.error.code === code).length;
  return {
    preemptions,
    evictions,
    deadlines: failures("deadline_exceeded"),
    slowReaders: failures("reader_behind"),
    cachedTokens: cachedTokensOf(events),
    undisturbed: undisturbed.length,
    refused: refused.length,
    steps: stepsTaken,
  };
}

function cachedTokensOf(events: readonly StepEvent[]): number {
  let sum = 0;
  for (const event of events) {
    if (event.kind === "part" && event.part.kind === "end") sum += event.part.usage.cachedTokens;
  }
  return sum;
}

describe("StepLoop under random load", () => {
  it(`keeps its promises for ${STEPS} steps`, { timeout: 60_000 + STEPS * 10 }, () => {
    const total = {
      steps: 0,
      preemptions: 0,
      evictions: 0,
      deadlines: 0,
      slowReaders: 0,
      cachedTokens: 0,
      undisturbed: 0,
      refused: 0,
    };
    for (let seed = 1; total.steps < STEPS; seed++) {
      fc.assert(
        fc.property(scenario, (each) => {
          const result = runScenario(each);
          for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += result[name];
        }),
        { seed, numRuns: 10 },
      );
    }
    // The load was hard enough to mean something.
    expect(total.evictions).toBeGreaterThan(STEPS / 50);
    expect(total.cachedTokens).toBeGreaterThan(STEPS / 50);
    expect(total.preemptions).toBeGreaterThan(STEPS / 200);
    expect(total.deadlines).toBeGreaterThan(STEPS / 200);
    expect(total.slowReaders).toBeGreaterThan(STEPS / 200);
    expect(total.undisturbed).toBeGreaterThan(STEPS / 20);
    expect(total.refused).toBeGreaterThan(STEPS / 2000);
  });
});
