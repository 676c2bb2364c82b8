import { describe, expect, it } from "vitest";
import { measurePerplexity } from "./perplexity.ts";
import type { EngineApi } from "./types.ts";

const BOS = 1;

/** Scores every token as its own number of bits; remembers what it was asked. */
function fakeEngine(tokens: readonly number[], bosToken: number | null = BOS) {
  const scored: { tokens: number[]; from: number }[] = [];
  const api = {
    model: { bosToken },
    capacity: { contextTokens: 8, maxSequences: 2 },
    tokenize: async () => Int32Array.from(tokens),
    score: async (chunk: Int32Array, from: number) => {
      scored.push({ tokens: [...chunk], from });
      return { logprobs: Float32Array.from(chunk.subarray(from), (token) => -token * Math.LN2) };
    },
  };
  return { engine: api as unknown as EngineApi, scored };
}

describe("measurePerplexity", () => {
  it("scores the second half of each whole chunk, with BOS at its head", async () => {
    const { engine, scored } = fakeEngine([BOS, 9, 9, 9, 9, 2, 2, 2, 7, 9, 9, 9, 9, 4, 4, 4, 5, 5, 5]);
    const result = await measurePerplexity(engine, "text");
    expect(scored).toEqual([
      { tokens: [BOS, 9, 9, 9, 9, 2, 2, 2], from: 5 },
      { tokens: [BOS, 9, 9, 9, 9, 4, 4, 4], from: 5 },
    ]);
    // Two bits and four bits a token: 2 ** 3.
    expect(result.perplexity).toBeCloseTo(8, 5);
    expect(result).toMatchObject({ tokens: 6, chunks: 2 });
  });

  it("leaves the first tokens alone where the model adds no BOS", async () => {
    const { engine, scored } = fakeEngine([3, 9, 9, 9, 9, 2, 2, 2]);
    await measurePerplexity(engine, "text");
    expect(scored[0]?.tokens[0]).toBe(3);
  });

  it("stops at the chunks asked for, and tells of each", async () => {
    const { engine, scored } = fakeEngine(Array.from({ length: 80 }, () => BOS));
    const progress: [number, number][] = [];
    await measurePerplexity(engine, "text", { chunks: 3, onProgress: (...each) => progress.push(each) });
    expect(scored).toHaveLength(3);
    expect(progress).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it("refuses a text shorter than a chunk, and a context too short to score", async () => {
    const { engine } = fakeEngine([1, 2, 3]);
    await expect(measurePerplexity(engine, "text")).rejects.toMatchObject({ code: "request_invalid" });
    await expect(measurePerplexity(engine, "text", { contextTokens: 2 })).rejects.toMatchObject({
      code: "invalid_option",
    });
  });

  it.each([{ chunks: 0 }, { chunks: -1 }, { chunks: Number.NaN }, { chunks: 1.5 }, { contextTokens: Number.NaN }])(
    "refuses %o, which scores nothing",
    async (options) => {
      const { engine, scored } = fakeEngine(Array.from({ length: 80 }, () => BOS));
      await expect(measurePerplexity(engine, "text", options)).rejects.toMatchObject({ code: "invalid_option" });
      expect(scored).toEqual([]);
    },
  );

  it("ends when its signal does", async () => {
    const { engine } = fakeEngine(Array.from({ length: 80 }, () => BOS));
    await expect(measurePerplexity(engine, "text", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "cancelled",
    });
  });
});
