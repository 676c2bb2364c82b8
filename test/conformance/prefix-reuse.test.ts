/**
 * Reusing KV changes no bit: the logits of forced steps after a prefix hit, a fork, a rollback, a
 * cancelled prefill or answer, or a preemption are those of a run that nothing disturbs.
 */

import { afterAll, describe, expect, it } from "vitest";
import type { KvType } from "../../src/base/dtypes.ts";
import { compileModel } from "../../src/compile/compile-model.ts";
import { memorySource } from "../../src/formats/file-source.ts";
import { ggufBytes } from "../../src/formats/gguf/write.ts";
import type { Executor } from "../../src/graph/executor.ts";
import { InterpreterExecutor } from "../../src/graph/interpreter/interpreter-executor.ts";
import { bindWeights } from "../../src/models/bind-weights.ts";
import { buildGraph } from "../../src/models/families.ts";
import { weightProvider } from "../../src/models/decoded-weights.ts";
import { type RandomQuant, randomModel } from "../../src/models/random/random-model.ts";
import { createNativeExecutor } from "../../src/native/executor.ts";
import { openModel } from "../../src/models/open-model.ts";
import { storedWeightBytes } from "../../src/native/stored-weight-bytes.ts";
import { ForcedRun } from "../support/forced-run.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";

const PAGE_TOKENS = 32;
const LIMITS = { maxTokens: 160, maxLogitRows: 8, pages: 40, pageTokens: PAGE_TOKENS };

interface Size {
  readonly promptTokens: number;
  readonly forcedTokens: number;
}

/** Neither a multiple of a page nor of what kernels take at once. */
const NATIVE_SIZE: Size = { promptTokens: 203, forcedTokens: 64 };
/** The same on a model that computes a token in milliseconds. */
const INTERPRETER_SIZE: Size = { promptTokens: 75, forcedTokens: 3 };

function makeExecutor(backend: "native" | "interpreter", quant: RandomQuant, kvType: KvType): Executor {
  const bytes = ggufBytes(randomModel("tiny", quant, 11));
  const source = openModel("tiny.gguf", (path) => memorySource(path, bytes));
  const graph = buildGraph(source.spec());
  const weights = bindWeights(graph, source);
  if (backend === "interpreter") {
    return new InterpreterExecutor({ graph, weights: weightProvider(weights), limits: LIMITS, kvType });
  }
  const { program } = compileModel(graph, weights, { ...LIMITS, kvType });
  return createNativeExecutor({
    program,
    weightBytes: storedWeightBytes(weights),
    threads: 2,
    pages: LIMITS.pages,
  });
}

function tokensOf(seed: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => (seed * 7919 + index * 104_729 + index * index * 31) % 250);
}

const join = (...parts: readonly Int32Array[]): Int32Array => Int32Array.from(parts.flatMap((part) => [...part]));

function reuseTests(executor: () => Executor, { promptTokens, forcedTokens }: Size): void {
  const prompt = tokensOf(1, promptTokens);
  const forced = tokensOf(2, forcedTokens);
  let expected: readonly Float32Array[] | null = null;
  /** Of `prompt` and `forced`, alone. */
  const undisturbed = (): readonly Float32Array[] => {
    if (expected === null) {
      const run = new ForcedRun(executor(), 160);
      const text = run.add(prompt, forced);
      run.finish();
      expected = text.logits;
    }
    return expected;
  };

  it("gives the same logits after a hit that ends within a page", () => {
    const run = new ForcedRun(executor(), 160);
    // The same beginning, then another text: a rollback of that session, and a client that edits its last message.
    run.add(join(prompt.subarray(0, promptTokens - 20), tokensOf(9, 40)), tokensOf(3, 2));
    run.finish();
    const text = run.add(prompt, forced);
    run.finish();
    expect(text.sequence.cachedTokens).toBe(promptTokens - 20);
    expect(text.logits).toEqual(undisturbed());
  });

  it("gives the same logits to a client that resends everything", () => {
    const run = new ForcedRun(executor(), 160);
    const half = Math.floor(forcedTokens / 2);
    run.add(prompt, forced.subarray(0, half));
    run.finish();
    const text = run.add(join(prompt, forced.subarray(0, half)), forced.subarray(half));
    run.finish();
    expect(text.sequence.cachedTokens).toBe(promptTokens + half - 1);
    expect(text.logits).toEqual(undisturbed().slice(half));
  });

  it("gives the same logits to forks of a running text, while that goes on", () => {
    const run = new ForcedRun(executor(), 160);
    const texts = [run.add(prompt, forced), run.add(prompt, tokensOf(5, 3)), run.add(prompt, forced)];
    run.finish();
    expect(texts.map(({ sequence }) => sequence.cachedTokens)).toEqual([0, promptTokens - 1, promptTokens - 1]);
    expect(texts[0]?.logits).toEqual(undisturbed());
    expect(texts[2]?.logits).toEqual(undisturbed());
    expect(texts[1]?.logits[0]).toEqual(undisturbed()[0]);
  });

  it("gives the same logits after a prefill that was cancelled half way", () => {
    const run = new ForcedRun(executor(), 50);
    const cancelled = run.add(prompt, forced);
    run.step();
    run.scheduler.remove(cancelled.sequence);
    const text = run.add(prompt, forced);
    run.finish();
    expect(text.sequence.cachedTokens).toBe(50);
    expect(text.logits).toEqual(undisturbed());
  });

  it("gives the same logits after an answer that was cancelled half way", () => {
    const run = new ForcedRun(executor(), 160);
    const half = Math.floor(forcedTokens / 2);
    const cancelled = run.add(prompt, forced);
    while (cancelled.logits.length <= half) run.step();
    run.scheduler.remove(cancelled.sequence);
    // Its client asks again, and one goes on from what it had.
    const [again, onwards] = [
      run.add(prompt, forced),
      run.add(join(prompt, forced.subarray(0, half)), forced.subarray(half)),
    ];
    run.finish();
    expect([again.sequence.cachedTokens, onwards.sequence.cachedTokens]).toEqual([
      promptTokens - 1,
      promptTokens + half - 1,
    ]);
    expect(again.logits).toEqual(undisturbed());
    expect(onwards.logits).toEqual(undisturbed().slice(half));
  });

  it("gives the same logits after preemptions", () => {
    // Both prompts fit, both whole texts do not.
    const pages = 2 * Math.ceil((promptTokens + 1) / PAGE_TOKENS);
    const run = new ForcedRun(executor(), 160, pages);
    const forcedLong = join(forced, tokensOf(6, PAGE_TOKENS));
    const first = run.add(tokensOf(8, promptTokens), tokensOf(7, forcedTokens + PAGE_TOKENS));
    const second = run.add(prompt, forcedLong);
    run.finish();
    expect(run.scheduler.preemptions).toBeGreaterThan(0);
    expect(first.logits).toHaveLength(forcedTokens + PAGE_TOKENS + 1);
    expect(second.logits.slice(0, forcedTokens + 1)).toEqual(undisturbed());
  });
}

describe("the interpreter", () => {
  const executor = makeExecutor("interpreter", "q8_0", "int8");
  reuseTests(() => executor, INTERPRETER_SIZE);
});

describe.skipIf(NATIVE_MISSING).each([
  { quant: "q4_0", kvType: "int8" },
  { quant: "q8_0", kvType: "f16" },
  { quant: "f32", kvType: "f32" },
] as const)("the native core, $quant weights, $kvType KV", ({ quant, kvType }) => {
  let made: Executor | null = null;
  const executor = (): Executor => (made ??= makeExecutor("native", quant, kvType));
  afterAll(() => made?.dispose());
  reuseTests(executor, NATIVE_SIZE);
});
