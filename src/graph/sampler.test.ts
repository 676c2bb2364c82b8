import { describe, expect, it } from "vitest";
import { MAX_TOP_LOGPROBS, type SampleBatch, type SampleResult } from "./executor.ts";
import { uniformAt } from "./random.ts";
import { sampleRows } from "./sampler.ts";

interface RowSettings {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetition?: number;
  readonly presence?: number;
  readonly frequency?: number;
  readonly seed?: number;
  readonly position?: number;
  readonly history?: readonly (readonly [token: number, count: number])[];
  readonly bias?: readonly (readonly [token: number, value: number])[];
  readonly mask?: readonly number[];
  readonly forced?: number;
  readonly top?: number;
}

function batchOf(row: RowSettings): SampleBatch {
  const history = row.history ?? [];
  const bias = row.bias ?? [];
  return {
    temperature: Float32Array.of(row.temperature ?? 0),
    topK: Int32Array.of(row.topK ?? 0),
    topP: Float32Array.of(row.topP ?? 1),
    minP: Float32Array.of(row.minP ?? 0),
    repetitionPenalty: Float32Array.of(row.repetition ?? 1),
    presencePenalty: Float32Array.of(row.presence ?? 0),
    frequencyPenalty: Float32Array.of(row.frequency ?? 0),
    seedLow: Uint32Array.of(row.seed ?? 0),
    seedHigh: Uint32Array.of(0),
    positions: Int32Array.of(row.position ?? 0),
    historyStarts: Int32Array.of(0, history.length),
    historyTokens: Int32Array.from(history, ([token]) => token),
    historyCounts: Int32Array.from(history, ([, count]) => count),
    biasStarts: Int32Array.of(0, bias.length),
    biasTokens: Int32Array.from(bias, ([token]) => token),
    biasValues: Float32Array.from(bias, ([, value]) => value),
    maskRows: Int32Array.of(row.mask === undefined ? -1 : 0),
    masks: Uint32Array.from(row.mask ?? []),
    forcedTokens: Int32Array.of(row.forced ?? -1),
    topLogprobs: Int32Array.of(row.top ?? 0),
  };
}

function sampled(logits: readonly number[], row: RowSettings): SampleResult {
  const result: SampleResult = {
    tokens: new Int32Array(1),
    logprobs: new Float32Array(1),
    topTokens: new Int32Array(MAX_TOP_LOGPROBS),
    topLogprobs: new Float32Array(MAX_TOP_LOGPROBS),
  };
  sampleRows([Float32Array.from(logits)], batchOf(row), result);
  return result;
}

const tokenOf = (logits: readonly number[], row: RowSettings): number | undefined => sampled(logits, row).tokens[0];

/** Tokens that 2,000 positions draw, by count. */
function drawCounts(logits: readonly number[], row: RowSettings): readonly number[] {
  const counts = logits.map(() => 0);
  for (let position = 0; position < 2000; position += 1) {
    const token = tokenOf(logits, { temperature: 1, ...row, position }) ?? -1;
    counts[token] = (counts[token] ?? 0) + 1;
  }
  return counts;
}

/** ln of 0.5, 0.25, 0.15, 0.1. */
const LOGITS = [0.5, 0.25, 0.15, 0.1].map(Math.log);

describe("greedy", () => {
  it("takes the largest, the lowest id on a tie", () => {
    expect(tokenOf([1, 3, 2], {})).toBe(1);
    expect(tokenOf([3, 1, 3], {})).toBe(0);
  });

  it("adds biases first, and -Infinity bans", () => {
    expect(tokenOf([1, 3, 2], { bias: [[0, 2.5]] })).toBe(0);
    expect(tokenOf([1, 3, 2], { bias: [[1, -Infinity]] })).toBe(2);
  });

  it("divides positive and multiplies negative logits by the repetition penalty", () => {
    expect(tokenOf([3, 2], { repetition: 2, history: [[0, 0]] })).toBe(1);
    expect(tokenOf([-1, -1.5], { repetition: 2, history: [[0, 0]] })).toBe(1);
  });

  it("takes presence once and frequency for each occurrence, from tokens of the output alone", () => {
    expect(tokenOf([3, 2], { presence: 1.5, history: [[0, 4]] })).toBe(1);
    expect(tokenOf([3, 2], { presence: 1.5, history: [[0, 0]] })).toBe(0);
    expect(tokenOf([3, 2], { frequency: 0.4, history: [[0, 2]] })).toBe(0);
    expect(tokenOf([3, 2], { frequency: 0.4, history: [[0, 3]] })).toBe(1);
  });

  it("applies biases before penalties", () => {
    // (-1 + 3) / 4 = 0.5 loses to 0.6; penalised first it would be -4 + 3 = -1, or unpenalised 2.
    expect(tokenOf([-1, 0.6], { bias: [[0, 3]], repetition: 4, history: [[0, 0]] })).toBe(1);
    expect(tokenOf([-1, 0.4], { bias: [[0, 3]], repetition: 4, history: [[0, 0]] })).toBe(0);
  });
});

describe("drawing", () => {
  it("follows the distribution", () => {
    const counts = drawCounts(LOGITS, {});
    for (const [token, probability] of [0.5, 0.25, 0.15, 0.1].entries()) {
      // Five standard deviations of a binomial count are at most 112.
      expect(Math.abs((counts[token] ?? 0) - 2000 * probability)).toBeLessThan(112);
    }
  });

  it("walks from the most probable on, by the number of (seed, position)", () => {
    for (let position = 0; position < 50; position += 1) {
      const u = uniformAt(9, 0, position);
      const expected = u < 0.5 ? 1 : u < 0.75 ? 0 : 2;
      expect(tokenOf([0.25, 0.5, 0.25].map(Math.log), { temperature: 1, seed: 9, position })).toBe(expected);
    }
  });

  it("is sharper at low and flatter at high temperature", () => {
    expect(drawCounts(LOGITS, { temperature: 0.1 })[0]).toBeGreaterThan(1980);
    expect(drawCounts(LOGITS, { temperature: 100 })[0]).toBeLessThan(620);
  });

  it("keeps the k best, ties by lower id", () => {
    expect(drawCounts(LOGITS, { topK: 2 }).slice(2)).toEqual([0, 0]);
    expect(drawCounts([1, 1, 1], { topK: 1 })).toEqual([2000, 0, 0]);
  });

  it("keeps the smallest prefix that reaches top-p", () => {
    expect(drawCounts(LOGITS, { topP: 0.5 }).slice(1)).toEqual([0, 0, 0]);
    const counts = drawCounts(LOGITS, { topP: 0.76 });
    expect(counts[2]).toBeGreaterThan(0);
    expect(counts[3]).toBe(0);
  });

  it("takes top-p of what top-k left", () => {
    // Of 0.5 and 0.25 the first is 0.67, enough for 0.6; of all four it would not be.
    expect(drawCounts(LOGITS, { topK: 2, topP: 0.6 })).toEqual([2000, 0, 0, 0]);
  });

  it("keeps what has min-p of the largest", () => {
    const counts = drawCounts(LOGITS, { minP: 0.4 });
    expect(counts[1]).toBeGreaterThan(0);
    expect(counts.slice(2)).toEqual([0, 0]);
  });

  it("keeps one token however hard it cuts", () => {
    expect(tokenOf(LOGITS, { temperature: 1, topP: 1e-9, topK: 1, minP: 1 })).toBe(0);
    expect(tokenOf([-Infinity, -Infinity], { temperature: 1 })).toBe(0);
  });

  it("never draws a banned token", () => {
    expect(drawCounts(LOGITS, { bias: [[0, -Infinity]], temperature: 100 })[0]).toBe(0);
  });
});

describe("reports", () => {
  it("gives log-probabilities of the raw logits", () => {
    const result = sampled(
      LOGITS.map((logit) => logit + 7),
      { bias: [[3, 100]], temperature: 0.5, top: 2 },
    );
    expect(result.tokens[0]).toBe(3);
    expect(result.logprobs[0]).toBeCloseTo(Math.log(0.1), 5);
    expect([...result.topTokens.subarray(0, 3)]).toEqual([0, 1, -1]);
    expect(result.topLogprobs[1]).toBeCloseTo(Math.log(0.25), 5);
  });

  it("takes a forced token whatever the logits say", () => {
    const result = sampled(LOGITS, { forced: 2 });
    expect(result.tokens[0]).toBe(2);
    expect(result.logprobs[0]).toBeCloseTo(Math.log(0.15), 5);
  });

  it("reports no more alternatives than there are tokens", () => {
    expect([...sampled([0, 0], { top: MAX_TOP_LOGPROBS }).topTokens.subarray(0, 3)]).toEqual([0, 1, -1]);
  });
});
