/**
 * Drafts change when tokens come and not which: under random load, with penalties, biases, stop strings
 * and several choices, each order says what it says without drafts.
 */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeExecutor } from "../../../test/support/fake-executor.ts";
import { generationOrder } from "../../../test/support/generation-order.ts";
import { jsonVocabulary } from "../../../test/support/random-generation.ts";
import { ROW_COSTS, STALL_LIMITS } from "../../../test/support/step-costs.ts";
import { GREEDY } from "../../graph/sampler-settings.ts";
import { compileGrammar } from "../../text/grammar/compile-grammar.ts";
import { createStopMatcher } from "../../text/stop-strings.ts";
import { buildVocabularyBytes } from "../../text/tokenizer/vocabulary-bytes.ts";
import type { StepEvent } from "../threads/step-messages.ts";
import { grammarConstraints } from "./grammar-constraints.ts";
import type { GenerationOrder, OrderGrammar } from "./order.ts";
import { StepLoop } from "./step-loop.ts";
import { createTokenDecoder } from "./token-decoder.ts";

const vocabulary = buildVocabularyBytes(jsonVocabulary());
const VOCABULARY = vocabulary.flags.length;
const RUNS = 60;

const GRAMMARS: readonly OrderGrammar[] = [
  {
    type: "object",
    properties: { temperature_in_the_city: { type: "integer" }, unit: { enum: ["celsius", "fahrenheit"] } },
    required: ["temperature_in_the_city", "unit"],
  },
  { type: "array", items: { const: "a constant that is rather long" }, minItems: 2, maxItems: 3 },
  { type: "object", properties: { name: { type: "string", maxLength: 4 } }, required: ["name"] },
].map((schema, index) => ({
  grammar: compileGrammar({ kind: "json_schema", schema }),
  key: String(index),
  wake: null,
}));
const WAKING: OrderGrammar = {
  grammar: compileGrammar({ kind: "regex", pattern: "ab(a forced ending of some length)" }),
  key: "waking",
  wake: { text: "ab", token: null, atStart: false, before: "", thoughts: "none" },
};

interface Machine {
  readonly pages: number;
  readonly maxStepTokens: number;
  readonly maxSequences: number;
  readonly maxLogitRows: number;
}

function run(orders: readonly GenerationOrder[], machine: Machine, withDrafts: boolean) {
  const { pages, maxStepTokens, maxSequences, maxLogitRows } = machine;
  const executor = new FakeExecutor({ maxTokens: maxStepTokens, maxLogitRows, pages, pageTokens: 4 }, VOCABULARY);
  const constraint = grammarConstraints(vocabulary);
  const loop = new StepLoop({
    executor,
    text: {
      decoder: (order) => createTokenDecoder(vocabulary, order.keepSpecial),
      stopMatcher: createStopMatcher,
      endTokens: new Set(vocabulary.endOfGenerationIds),
      constraint: (grammar) => {
        const made = constraint(grammar);
        const prepare = made.prepare.bind(made);
        if (!withDrafts) made.prepare = (_, left) => prepare(0, left);
        return made;
      },
    },
    limits: { ...STALL_LIMITS, maxSequences },
    costs: ROW_COSTS,
    fingerprint: "fake",
    poolBytes: 1024,
    clock: () => 0,
  });
  const events: StepEvent[] = [];
  let steps = 0;
  let rows = 0;
  executor.onStep = (batch) => {
    rows += batch.logitRows.length;
  };
  const step = (): void => {
    loop.step();
    loop.checkInvariants();
    events.push(...loop.takeEvents());
    steps += 1;
  };
  for (const order of orders) {
    loop.submit(order);
    step();
  }
  for (let left = 5000; loop.hasWork; left -= 1) {
    expect(left, "the loop ends").toBeGreaterThan(0);
    step();
  }
  return { events, steps, rows, preemptions: loop.stats().preemptions };
}

function transcript(events: readonly StepEvent[], id: number): readonly string[] {
  const lines: string[] = [];
  for (const event of events) {
    if (event.id !== id || (event.kind === "part" && event.part.kind === "prefill")) continue;
    if (event.kind !== "part") lines.push(JSON.stringify(event));
    else if (event.part.kind === "end") lines.push(`z ${event.part.usage.outputTokens}`);
    else if (event.part.kind !== "prefill") lines.push(`${event.part.choice} ${JSON.stringify(event.part)}`);
  }
  return lines.toSorted((left, right) => (left[0] ?? "").localeCompare(right[0] ?? ""));
}

const order = fc
  .record({
    prompt: fc.array(fc.nat(3), { minLength: 1, maxLength: 9 }).map((tokens) => Int32Array.from(tokens)),
    maxTokens: fc.integer({ min: 1, max: 60 }),
    choices: fc.constantFrom(1, 1, 2, 3),
    seed: fc.bigInt({ min: 0n, max: 50n }),
    minTokens: fc.constantFrom(0, 0, 1),
    logprobs: fc.constantFrom(-1, 0, 3),
    stop: fc.constantFrom([], [], ["e"], ["city", "unit"]),
    grammar: fc.constantFrom(...GRAMMARS, ...GRAMMARS, WAKING, null),
    temperature: fc.constantFrom(0, 1),
    repetitionPenalty: fc.constantFrom(1, 1, 1.3),
    presencePenalty: fc.constantFrom(0, 0, 0.7),
    frequencyPenalty: fc.constantFrom(0, 0, 1),
    bias: fc.constantFrom(null, null, [0x22, 4] as const, [0x61, -3] as const),
  })
  .map(({ bias, temperature, repetitionPenalty, presencePenalty, frequencyPenalty, ...given }) => ({
    ...generationOrder({ id: 0, ...given }),
    sampling: { ...GREEDY, temperature, repetitionPenalty, presencePenalty, frequencyPenalty },
    ...(bias === null ? {} : { biasTokens: Int32Array.of(bias[0]), biasValues: Float32Array.of(bias[1]) }),
  }));

const scenario = fc.record({
  orders: fc.array(order, { minLength: 2, maxLength: 7 }),
  machine: fc.record({
    // 18 pages hold the longest order alone: 9 + 60 tokens of 4 a page.
    pages: fc.integer({ min: 18, max: 26 }),
    maxStepTokens: fc.integer({ min: 1, max: 48 }),
    maxSequences: fc.integer({ min: 1, max: 6 }),
    maxLogitRows: fc.integer({ min: 1, max: 40 }),
  }),
});

describe("drafts of what a grammar forces", () => {
  it("change no token", { timeout: 120_000 }, () => {
    const total = { stepsSaved: 0, rowsSpent: 0, preemptions: 0 };
    fc.assert(
      fc.property(scenario, ({ orders, machine }) => {
        const numbered = orders.map((each, id) => ({ ...each, id }));
        const drafted = run(numbered, machine, true);
        const plain = run(numbered, machine, false);
        for (const { id } of numbered) expect(transcript(drafted.events, id)).toEqual(transcript(plain.events, id));
        total.stepsSaved += plain.steps - drafted.steps;
        total.rowsSpent += drafted.rows - plain.rows;
        total.preemptions += drafted.preemptions;
      }),
      { numRuns: RUNS },
    );
    // Drafts were taken, and others were not.
    expect(total.stepsSaved).toBeGreaterThan(RUNS);
    expect(total.rowsSpent).toBeGreaterThan(RUNS);
    expect(total.preemptions).toBeGreaterThan(0);
  });
});
