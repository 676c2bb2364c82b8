/**
 * Batch invariance of the native core: the same request gives the same logits, bit for bit, whatever
 * else is in the batch, however its prefill is cut, for any number of threads, on whatever NUMA nodes. Preemption,
 * forks and replays are exact because of it.
 */

import { createHash } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import type { KvType } from "../../src/base/dtypes.ts";
import { type NumaNode, readNumaNodes } from "../../src/base/numa-nodes.ts";
import { compileModel } from "../../src/compile/compile-model.ts";
import { BatchAssembly } from "../../src/engine/step/batch-assembly.ts";
import { CacheDomains } from "../../src/engine/schedule/cache-domain.ts";
import { type PageCopy, PagePool } from "../../src/engine/schedule/page-pool.ts";
import type { PlannedChunk } from "../../src/engine/schedule/step-plan.ts";
import { Sequence } from "../../src/engine/schedule/sequence.ts";
import { memorySource } from "../../src/formats/file-source.ts";
import { ggufBytes } from "../../src/formats/gguf/write.ts";
import { GROUP_FORMATS, type GroupFormat } from "../../src/formats/group-quant/group-blocks.ts";
import type { Executor } from "../../src/graph/executor.ts";
import { bindWeights } from "../../src/models/bind-weights.ts";
import { buildGraph } from "../../src/models/families.ts";
import type { ModelSource } from "../../src/models/model-source.ts";
import { openModel } from "../../src/models/open-model.ts";
import { type RandomQuant, randomModel } from "../../src/models/random/random-model.ts";
import type { RandomShapeName } from "../../src/models/random/random-shapes.ts";
import { createNativeExecutor } from "../../src/native/executor.ts";
import { storedWeightBytes } from "../../src/native/stored-weight-bytes.ts";
import { groupedSource } from "../support/grouped-source.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";

const LIMITS = { maxStallMs: 0, minPrefillShare: 0, maxStepTokens: 160, maxSequences: 8, maxLogitRows: 160 };
const PAGE_TOKENS = 32;
const PAGES = 64;
const DOMAIN = new CacheDomains().of("tenant", "");
/** Longer than one page and than what kernels take at once, and a multiple of neither. */
const PROMPT_TOKENS = 131;
const DECODE_TOKENS = 3;
/** Of attention. */
const SPLIT_TOKENS = 512;
/** Two splits, and more than a page of the third. */
const LONG_TOKENS = 1061;

interface Kind {
  readonly shape: RandomShapeName;
  /** A type of GGUF files, or a checkpoint's groups. */
  readonly quant: RandomQuant | GroupFormat;
  readonly kvType: KvType;
}

function sourceOf({ shape, quant }: Kind): ModelSource {
  const inFile = isGroupFormat(quant) ? "bf16" : quant;
  const bytes = ggufBytes(randomModel(shape, inFile, 11));
  const source = openModel("tiny.gguf", (path) => memorySource(path, bytes));
  return isGroupFormat(quant) ? groupedSource(source, quant) : source;
}

function isGroupFormat(quant: Kind["quant"]): quant is GroupFormat {
  return quant in GROUP_FORMATS;
}

function makeExecutor(kind: Kind, threads: number, nodes: readonly NumaNode[] = []): Executor {
  const source = sourceOf(kind);
  const { kvType } = kind;
  const graph = buildGraph(source.spec());
  const weights = bindWeights(graph, source);
  const { program } = compileModel(graph, weights, {
    maxTokens: LIMITS.maxStepTokens,
    maxLogitRows: LIMITS.maxLogitRows,
    kvType,
    pageTokens: PAGE_TOKENS,
  });
  return createNativeExecutor({
    program,
    weightBytes: storedWeightBytes(weights),
    threads,
    nodes,
    pages: PAGES,
  });
}

function tokensOf(seed: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => (seed * 7919 + index * 104_729 + index * index * 31) % 250);
}

/** A batch of sequences over one executor, stepped by hand. */
class Batch {
  readonly #executor: Executor;
  readonly #pool = new PagePool(PAGES, PAGE_TOKENS);
  readonly #assembly = new BatchAssembly(LIMITS);
  #age = 0;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  add(tokens: Int32Array): Sequence {
    this.#age += 1;
    return new Sequence({
      age: this.#age,
      priority: 0,
      dueMs: Infinity,
      orderId: this.#age,
      choice: 0,
      domain: DOMAIN,
      tokens,
      scoreFrom: null,
    });
  }

  /** A sequence that begins with the full pages of `parent`, and whose text goes on by itself. */
  fork(parent: Sequence, rest: Int32Array): Sequence {
    const shared = Math.floor(parent.computed / PAGE_TOKENS);
    const fork = this.add(Int32Array.of(...parent.tokens.slice(0, shared * PAGE_TOKENS), ...rest));
    for (let page = 0; page < shared; page += 1) this.#pool.share(parent.pages.at(page), fork.pages);
    fork.computed = shared * PAGE_TOKENS;
    return fork;
  }

  /** Computes so many tokens of each sequence; gives the logits after the last one of each. */
  step(parts: readonly (readonly [sequence: Sequence, rows: number])[]): Float32Array[] {
    const copies: PageCopy[] = [];
    const chunks: PlannedChunk[] = parts.map(([sequence, rows]) => {
      this.#pool.extend(sequence.pages, DOMAIN, sequence.computed, sequence.computed + rows, copies);
      return { sequence, rows, logitRows: 1, drafted: 0 };
    });
    const tokens = parts.reduce((sum, [, rows]) => sum + rows, 0);
    const plan = { chunks, copies, tokens, logitRows: chunks.length, attendedPositions: 0 };
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- this is no array
    this.#executor.step(this.#assembly.fill(plan));
    for (const [sequence, rows] of parts) sequence.computed += rows;
    return parts.map((_, row) => {
      const logits = new Float32Array(this.#executor.vocabSize);
      this.#executor.readLogits(row, logits);
      return logits;
    });
  }
}

/** The logits after a text longer than two splits of attention, computed in pieces of `rows`. */
function runLong(executor: Executor, rows: number): Float32Array[] {
  const batch = new Batch(executor);
  const sequence = batch.add(tokensOf(5, LONG_TOKENS + DECODE_TOKENS));
  let logits: Float32Array[] = [];
  while (sequence.computed < LONG_TOKENS) {
    logits = batch.step([[sequence, Math.min(rows, LONG_TOKENS - sequence.computed)]]);
  }
  for (let token = 0; token < DECODE_TOKENS; token++) logits.push(...batch.step([[sequence, 1]]));
  return logits;
}

/**
 * The logits of forks of a long text, which share the pages of two splits: each by itself, or all in one step. The last one's
 * own text goes on over the end of a split within a step.
 */
function runForks(executor: Executor, together: boolean): Float32Array[] {
  const batch = new Batch(executor);
  const parent = batch.add(tokensOf(5, LONG_TOKENS + DECODE_TOKENS));
  while (parent.computed < LONG_TOKENS) batch.step([[parent, Math.min(160, LONG_TOKENS - parent.computed)]]);
  const other = batch.add(tokensOf(6, 40));
  const far = batch.fork(parent, tokensOf(7, SPLIT_TOKENS));
  const before = 3 * SPLIT_TOKENS - 2;
  while (far.computed < before) batch.step([[far, Math.min(160, before - far.computed)]]);
  const near = [2, 3, 4, 5].map((seed) => [batch.fork(parent, tokensOf(seed, 8)), seed === 4 ? 3 : 1] as const);
  const parts = [...near, [far, 4] as const];
  const rounds = Array.from({ length: 2 }, () => {
    if (!together) return parts.flatMap((part) => batch.step([part]));
    return batch.step([...parts, [other, 5], [parent, 1]]).slice(0, parts.length);
  });
  return rounds.flat();
}

/** The logits that matter: after the prompt, and after each of a few more tokens, one at a time. */
function runAlone(executor: Executor, cuts: readonly number[]): Float32Array[] {
  const batch = new Batch(executor);
  const sequence = batch.add(tokensOf(1, PROMPT_TOKENS + DECODE_TOKENS));
  const logits: Float32Array[] = [];
  let done = 0;
  for (const rows of [...cuts, PROMPT_TOKENS - cuts.reduce((sum, cut) => sum + cut, 0)]) {
    const [last] = batch.step([[sequence, rows]]);
    done += rows;
    if (done === PROMPT_TOKENS && last !== undefined) logits.push(last);
  }
  for (let token = 0; token < DECODE_TOKENS; token++) logits.push(...batch.step([[sequence, 1]]));
  return logits;
}

/** The same in a batch of seven: others prefill and decode around it, before and behind it. */
function runInBatch(executor: Executor): Float32Array[] {
  const batch = new Batch(executor);
  const others = Array.from({ length: 6 }, (_, index) => batch.add(tokensOf(index + 2, 100)));
  const [a, b, c, d, e, f] = others;
  const sequence = batch.add(tokensOf(1, PROMPT_TOKENS + DECODE_TOKENS));
  if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined || f === undefined)
    return [];
  batch.step([
    [a, 9],
    [sequence, 50],
    [b, 17],
    [c, 1],
  ]);
  const after = batch.step([
    [d, 40],
    [sequence, PROMPT_TOKENS - 50],
    [a, 1],
    [e, 3],
    [f, 2],
  ]);
  const logits = after[1] === undefined ? [] : [after[1]];
  for (let token = 0; token < DECODE_TOKENS; token++) {
    const rows = batch.step([
      [a, 1],
      [b, 5],
      [c, 1],
      [sequence, 1],
      [d, 1],
      [e, 30],
      [f, 1],
    ]);
    if (rows[3] !== undefined) logits.push(rows[3]);
  }
  return logits;
}

/** One text for the bits of all logits, short enough to compare and print. */
function bitsOf(logits: readonly Float32Array[]): readonly string[] {
  return logits.map(({ buffer, byteOffset, byteLength }) =>
    createHash("sha256")
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest("hex"),
  );
}

const KINDS: readonly Kind[] = [
  ...(["f32", "f16", "bf16", "q8_0", "q4_0"] as const).flatMap((quant) =>
    (["f32", "f16", "int8"] as const).map((kvType) => ({ shape: "tiny" as const, quant, kvType })),
  ),
  // Every kind of scales and of values, on rows that superblocks divide.
  ...(["q5_1", "q2_k", "q3_k", "q4_k_m", "iq4_xs"] as const).map((quant): Kind => ({
    shape: "tiny-wide",
    quant,
    kvType: "int8",
  })),
  // With zero points: the widest groups of either width, int8 by 32, and scales in f32.
  ...(["int4_g128_zero", "int8_g128_zero", "int8_g32_zero", "int4_g32_wide"] as const).map((quant): Kind => ({
    shape: "tiny-wide",
    quant,
    kvType: "int8",
  })),
];

describe.skipIf(NATIVE_MISSING).each(KINDS)("$quant weights, $kvType KV", (kind) => {
  const executors = new Map<number, Executor>();
  const executorOf = (threads: number): Executor => {
    const known = executors.get(threads);
    if (known !== undefined) return known;
    const made = makeExecutor(kind, threads);
    executors.set(threads, made);
    return made;
  };
  let ofWhole: readonly string[] | undefined;
  /** Of the prompt by itself, in one piece, on one thread: what all else must equal. */
  const bitsOfWhole = (): readonly string[] => (ofWhole ??= bitsOf(runAlone(executorOf(1), [])));
  afterAll(() => {
    for (const executor of executors.values()) executor.dispose();
  });

  it("gives logits that are numbers, and differ from row to row", () => {
    const logits = runAlone(executorOf(1), []);
    expect(logits).toHaveLength(1 + DECODE_TOKENS);
    for (const row of logits) expect(row.every(Number.isFinite)).toBe(true);
    expect(logits[0]).not.toEqual(logits[1]);
  });

  it.each([1, 2, 3])("does not depend on how the prefill is cut, at %i threads", (threads) => {
    for (const cuts of [[1], [3, 64], [31, 1, 33, 7], [128], [130], [16, 16, 17, 48]]) {
      expect(bitsOf(runAlone(executorOf(threads), cuts))).toEqual(bitsOfWhole());
    }
  });

  it("does not depend on the cuts or the threads where attention is split", () => {
    const whole = runLong(executorOf(1), LIMITS.maxStepTokens);
    expect(bitsOf(runLong(executorOf(2), 97))).toEqual(bitsOf(whole));
    expect(bitsOf(runLong(executorOf(3), 41))).toEqual(bitsOf(whole));
  });

  it.each([
    { threads: 2, ids: [0, 0], where: "two parts" },
    { threads: 12, ids: [0, 63], where: "a node and one that there is not" },
    { threads: 64, ids: [0], where: "one node" },
    { threads: 64, ids: [0, 0, 0, 0], where: "four parts" },
  ])("does not depend on the place: $threads threads on $where", ({ threads, ids }) => {
    const [{ cpus } = { cpus: [0] }] = readNumaNodes();
    const nodes = ids.map((node) => ({ node, cpus, physicalCores: cpus.length }));
    const executor = makeExecutor(kind, threads, nodes);
    try {
      expect(bitsOf(runInBatch(executor))).toEqual(bitsOf(runAlone(executorOf(1), [])));
    } finally {
      executor.dispose();
    }
  });

  it("does not depend on the forks that are computed with it", () => {
    const alone = bitsOf(runForks(executorOf(1), false));
    expect(new Set(alone).size).toBe(alone.length);
    for (const threads of [1, 2, 3]) expect(bitsOf(runForks(executorOf(threads), true))).toEqual(alone);
  });

  it.each([1, 2, 3])("does not depend on the batch, at %i threads", (threads) => {
    expect(bitsOf(runInBatch(executorOf(threads)))).toEqual(bitsOfWhole());
  });
});
