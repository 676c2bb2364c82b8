/**
 * The native surface against what a defective or hostile caller may do: arguments of wrong types, sizes
 * and values, handles after dispose(), handles of the wrong kind, arrays that change while they are read.
 * Each must end in an Error with a reason, and leave the process alive.
 */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { TurnwiseError } from "../../src/base/errors.ts";
import { encodeProgram } from "../../src/compile/encode.ts";
import type { StepBatch } from "../../src/graph/executor.ts";
import { createGraphBuilder } from "../../src/graph/graph-builder.ts";
import { matrixRef } from "../../src/graph/weight-ref.ts";
import type { Addon, ExecutorHandle } from "../../src/native/addon-types.ts";
import { createNativeExecutor } from "../../src/native/executor.ts";
import { loadAddon, requireAddon } from "../../src/native/load-addon.ts";
import { type GraphSetup, nativeOf, plainProgram, testTensor } from "../support/graph-on-native.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";
import { randomFloats } from "../support/random-values.ts";

const VOCABULARY = 24;
/** Of the weight stores here; more than any of them fills. */
const REGION_BYTES = 8192;
const LIMITS = { maxTokens: 8, maxLogitRows: 4, pages: 4, pageTokens: 16 };

function smallSetup(): GraphSetup {
  const builder = createGraphBuilder("small", { layers: 1, kvHeads: 1, headDim: 4 });
  const weight = matrixRef("rows", VOCABULARY, VOCABULARY);
  const x = builder.add("embed", "x", { inputs: {}, weights: { weight }, attributes: {} });
  const output = builder.add("gather_rows", "logits", { inputs: { x }, weights: {}, attributes: {} });
  const tensors = new Map([["rows", testTensor("F32", randomFloats(1, VOCABULARY ** 2))]]);
  return { graph: builder.finish(output), tensors, limits: LIMITS, kvType: "f32" };
}

/** Two sequences: rows 0..2 from position 14 on, rows 3 and 4 from 0 on. */
const BATCH: StepBatch = {
  tokens: Int32Array.of(1, 2, 3, 4, 5),
  positions: Int32Array.of(14, 15, 16, 0, 1),
  sequenceStarts: Int32Array.of(0, 3, 5),
  pageTables: Int32Array.of(3, 1, 0),
  pageTableStarts: Int32Array.of(0, 2, 3),
  logitRows: Int32Array.of(2, 4),
};

const SAMPLE = {
  temperature: Float32Array.of(0, 1),
  topK: new Int32Array(2),
  topP: Float32Array.of(1, 1),
  minP: new Float32Array(2),
  repetitionPenalty: Float32Array.of(1, 1),
  presencePenalty: new Float32Array(2),
  frequencyPenalty: new Float32Array(2),
  seedLow: new Uint32Array(2),
  seedHigh: new Uint32Array(2),
  positions: new Int32Array(2),
  historyStarts: new Int32Array(3),
  historyTokens: new Int32Array(0),
  historyCounts: new Int32Array(0),
  biasStarts: new Int32Array(3),
  biasTokens: new Int32Array(0),
  biasValues: new Float32Array(0),
  maskRows: new Int32Array(2).fill(-1),
  masks: new Uint32Array(0),
  forcedTokens: Int32Array.of(-1, -1),
  topLogprobs: new Int32Array(2),
};

const RESULT = {
  tokens: new Int32Array(2),
  logprobs: new Float32Array(2),
  topTokens: new Int32Array(40),
  topLogprobs: new Float32Array(40),
};

/** `value` as any type: what a caller without types could pass. */
const anything = (value: unknown): never => value as never;

const WRONG_VALUES: readonly unknown[] = [
  undefined,
  null,
  true,
  -1,
  0.5,
  Number.NaN,
  Infinity,
  2 ** 60,
  10n,
  "x",
  Symbol("x"),
  {},
  [],
  () => 1,
  new ArrayBuffer(8),
  new DataView(new ArrayBuffer(8)),
  new Float64Array(2),
  new BigInt64Array(1),
];

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof TurnwiseError ? error.code : "other";
  }
  return "none";
}

describe.skipIf(NATIVE_MISSING)("native handles", () => {
  let addon: Addon;
  let executor: ExecutorHandle;

  const newExecutor = (change: object = {}): ExecutorHandle => {
    const weights = new addon.WeightStore({ isa: "scalar", threads: 1, bytes: REGION_BYTES });
    const tensor = randomFloats(1, VOCABULARY ** 2);
    weights.packMatrix(new Uint8Array(tensor.buffer), 0, 0, VOCABULARY, VOCABULARY, 0, 0);
    const program = encodeProgram(plainProgram(smallSetup()));
    return new addon.Executor(anything({ program, weights, threads: 2, pages: 4, ...change }));
  };

  beforeAll(() => {
    addon = requireAddon();
    executor = newExecutor();
  });
  afterAll(() => executor.dispose());

  it("refuses every argument that is not what it must be", () => {
    const calls: readonly ((value: unknown) => unknown)[] = [
      (value) => new addon.Mapping(anything(value)),
      (value) => new addon.WeightStore(anything(value)),
      (value) => new addon.WeightStore(anything({ isa: value, threads: 1, bytes: 64 })),
      (value) => new addon.WeightStore(anything({ isa: "scalar", threads: value, bytes: 64 })),
      (value) => new addon.WeightStore(anything({ isa: "scalar", threads: 1, bytes: value })),
      (value) => new addon.Executor(anything(value)),
      (value) => newExecutor({ program: value }),
      (value) => newExecutor({ weights: value }),
      (value) => newExecutor({ threads: value }),
      (value) => newExecutor({ pages: value }),
      (value) => newExecutor({ nodes: value === undefined ? null : value }),
      (value) => executor.step(anything(value)),
      (value) => executor.sample(anything(value), RESULT),
      (value) => executor.sample(SAMPLE, anything(value)),
      (value) => executor.readLogits(anything(value), new Float32Array(VOCABULARY)),
      (value) => executor.readLogits(0, anything(value)),
      (value) => executor.copyPage(anything(value), 0, 1),
      (value) => executor.copyPage(0, anything(value), 1),
      (value) => executor.copyPage(0, 0, anything(value)),
    ];
    executor.step(BATCH);
    for (const [index, call] of calls.entries()) {
      for (const value of WRONG_VALUES) expect(() => call(value), `call ${index}, ${String(value)}`).toThrow(Error);
    }
  });

  it.each([
    ["more nodes than threads", [0, 0, 0], [0, 1, 2, 3], [0, 0, 0]],
    ["a node without CPUs", [0, 1], [0, 1, 1], [0]],
    ["CPUs of no node", [0], [0, 1], [0, 1]],
    ["starts that fall", [0, 1], [0, 2, 1], [0]],
    ["starts for other nodes", [0], [0, 1, 2], [0, 1]],
    ["a node that the kernel cannot be told", [64], [0, 1], [0]],
    ["a CPU that no machine has", [0], [0, 1], [4096]],
  ])("refuses %s", (_, ids, cpuStarts, cpus) => {
    const nodes = { ids: Int32Array.from(ids), cpuStarts: Int32Array.from(cpuStarts), cpus: Int32Array.from(cpus) };
    expect(() => newExecutor({ nodes })).toThrow(/nodes must be no more than threads/);
  });

  it("counts what the system did not place on a NUMA node, and computes all the same", () => {
    const noCpus = new Int32Array(0);
    const unplaced = newExecutor({ nodes: { ids: noCpus, cpuStarts: Int32Array.of(0), cpus: noCpus } });
    expect(unplaced).toMatchObject({ refusedThreads: 0, refusedRanges: 0 });
    // The last number that mbind can be told, and a CPU beyond all: no machine has them.
    const nodes = { ids: Int32Array.of(63), cpuStarts: Int32Array.of(0, 1), cpus: Int32Array.of(4095) };
    const placed = newExecutor({ nodes });
    // The calling thread is the process's own, which stays free.
    expect(placed.refusedThreads).toBe(1);
    expect(() => placed.step(BATCH)).not.toThrow();
    expect(addon.canPlacePages(63)).toBe(false);
    for (const value of [-1, 64, "0", undefined]) expect(() => addon.canPlacePages(anything(value))).toThrow(/node/);
    for (const each of [unplaced, placed]) each.dispose();
  });

  it("refuses wrong arguments of packMatrix and addVector", () => {
    const store = new addon.WeightStore({ isa: "scalar", threads: 2, bytes: REGION_BYTES });
    const bytes = new Uint8Array(4 * 6);
    const pack = (change: readonly [index: number, value: unknown]): unknown => {
      const args: unknown[] = [bytes, 0, 0, 2, 3, 0, 64];
      args[change[0]] = change[1];
      return store.packMatrix(...(args as Parameters<typeof store.packMatrix>));
    };
    for (const value of WRONG_VALUES) {
      for (let index = 0; index < 7; index += 1) expect(() => pack([index, value])).toThrow(Error);
      expect(() => store.addVector(anything(value), 0)).toThrow(Error);
      expect(() => store.addVector(Float32Array.of(1), anything(value))).toThrow(Error);
    }
    expect(() => pack([0, bytes.subarray(1)])).toThrow(/bytes/);
    // IQ2_XXS, which nothing packs, and Q4_K, which is packed to another format.
    expect(() => pack([1, 16])).toThrow(/type/);
    expect(() => pack([1, 12])).toThrow(/weight format/);
    expect(() => pack([2, 3])).toThrow(/weight format/);
    expect(() => pack([3, 2 ** 24])).toThrow(/bytes/);
    expect(() => pack([5, 4])).toThrow(/divide/);
    expect(() => store.addVector(new Float32Array(0), 0)).toThrow(/length/);
    for (const offset of [1, 63, REGION_BYTES, REGION_BYTES - 64, 2 ** 52]) {
      expect(() => pack([6, offset]), String(offset)).toThrow(/does not lie/);
    }
    expect(() => store.addVector(new Float32Array(17), REGION_BYTES - 64)).toThrow(/does not lie/);
    expect(pack([0, bytes])).toBe(0);
    expect(store.addVector(Float32Array.of(1, 2), 0)).toBe(1);
    store.dispose();
  });

  it.each([
    ["tokens", Int32Array.of(1, 2, 3, 4, VOCABULARY), /tokens/],
    ["tokens", Int32Array.of(1, 2, 3, 4, -1), /tokens/],
    ["tokens", Int32Array.of(), /tokens/],
    ["tokens", new Int32Array(9), /tokens/],
    ["tokens", Uint32Array.of(1, 2, 3, 4, 5), /tokens must be a Int32Array/],
    ["positions", Int32Array.of(14, 15, 16, 0), /positions/],
    ["positions", Int32Array.of(14, 15, 17, 0, 1), /positions/],
    ["positions", Int32Array.of(-1, 0, 1, 0, 1), /positions/],
    ["positions", Int32Array.of(2 ** 31 - 3, 2 ** 31 - 2, 2 ** 31 - 1, 0, 1), /positions of sequence 0 are too large/],
    ["positions", Int32Array.of(2 ** 31 - 2, 2 ** 31 - 1, -(2 ** 31), 0, 1), /positions/],
    ["positions", Int32Array.of(30, 31, 32, 0, 1), /pageTables/],
    ["sequenceStarts", Int32Array.of(), /sequenceStarts/],
    ["sequenceStarts", Int32Array.of(0, 3, 4), /sequenceStarts/],
    ["sequenceStarts", Int32Array.of(0, 6, 5), /sequenceStarts/],
    ["sequenceStarts", Int32Array.of(1, 3, 5), /sequenceStarts/],
    ["sequenceStarts", Int32Array.of(0, 0, 5), /sequenceStarts/],
    ["pageTables", Int32Array.of(3, 1, 4), /pageTables/],
    ["pageTables", Int32Array.of(3, -1, 0), /pageTables/],
    ["pageTables", Int32Array.of(3, 1, 1), /page 1, which sequence 0 writes to, is named twice/],
    ["pageTables", Int32Array.of(3, 1), /pageTableStarts/],
    ["pageTableStarts", Int32Array.of(0, 1, 3), /pageTables/],
    ["pageTableStarts", Int32Array.of(0, 3), /pageTableStarts/],
    ["pageTableStarts", Int32Array.of(0, 4, 3), /pageTableStarts/],
    ["logitRows", Int32Array.of(2, 5), /logitRows/],
    ["logitRows", Int32Array.of(2, 2), /logitRows/],
    ["logitRows", Int32Array.of(-1, 2), /logitRows/],
    ["logitRows", Int32Array.of(0, 1, 2, 3, 4), /logitRows/],
  ])("names the field of a step that cannot run: %s %s", (field, value, reason) => {
    executor.step(BATCH);
    const before = new Float32Array(VOCABULARY);
    executor.readLogits(1, before);
    expect(() => executor.step(anything({ ...BATCH, [field]: value }))).toThrow(reason);
    // The last step's logits are still there.
    const after = new Float32Array(VOCABULARY);
    executor.readLogits(1, after);
    expect(after).toEqual(before);
  });

  it.each([
    ["temperature", Float32Array.of(0)],
    ["temperature", Float32Array.of(0, -1)],
    ["temperature", Float32Array.of(0, Number.NaN)],
    ["topK", Int32Array.of(0, -1)],
    ["topP", Float32Array.of(1, 1.5)],
    ["minP", Float32Array.of(1, Number.NaN)],
    ["repetitionPenalty", Float32Array.of(1, 0)],
    ["presencePenalty", Float32Array.of(1, Infinity)],
    ["frequencyPenalty", Float32Array.of(1, Number.NaN)],
    ["seedLow", new Uint32Array(1)],
    ["seedHigh", new Int32Array(2)],
    ["positions", Int32Array.of(0, -1)],
    ["historyStarts", Int32Array.of(0, 0, 1)],
    ["historyTokens", Int32Array.of(1)],
    ["historyCounts", Int32Array.of(1)],
    ["biasStarts", Int32Array.of(0, 1, 0)],
    ["biasTokens", Int32Array.of(1)],
    ["biasValues", Float32Array.of(1)],
    ["maskRows", Int32Array.of(-1, 0)],
    ["masks", new Int32Array(1)],
    ["forcedTokens", Int32Array.of(-1, VOCABULARY)],
    ["topLogprobs", Int32Array.of(0, 21)],
  ])("names the field of a sampling that cannot run: %s %s", (field, value) => {
    executor.step(BATCH);
    const field2 = { historyTokens: "historyStarts", biasTokens: "biasStarts" }[field] ?? field;
    expect(() => executor.sample(anything({ ...SAMPLE, [field]: value }), RESULT)).toThrow(new RegExp(field2));
  });

  it("refuses results that are too small", () => {
    executor.step(BATCH);
    expect(() => executor.sample(SAMPLE, { ...RESULT, tokens: new Int32Array(1) })).toThrow(/tokens/);
    expect(() => executor.sample(SAMPLE, { ...RESULT, topLogprobs: new Float32Array(39) })).toThrow(/topLogprobs/);
    expect(() => executor.readLogits(2, new Float32Array(VOCABULARY))).toThrow(/row/);
    expect(() => executor.readLogits(0, new Float32Array(VOCABULARY - 1))).toThrow(/into/);
  });

  it("has no logits before the first step", () => {
    const fresh = newExecutor();
    expect(() => fresh.readLogits(0, new Float32Array(VOCABULARY))).toThrow(/no logits/);
    expect(() => fresh.sample(SAMPLE, RESULT)).toThrow(/temperature/);
    fresh.dispose();
  });

  it("says that a handle was disposed, at every method, however often", () => {
    const store = new addon.WeightStore({ isa: "scalar", threads: 1, bytes: REGION_BYTES });
    const used = newExecutor();
    for (const handle of [store, used, store, used]) handle.dispose();
    const uses: readonly (() => unknown)[] = [
      () => store.packMatrix(new Uint8Array(4), 0, 0, 1, 1, 0, 0),
      () => store.addVector(Float32Array.of(1), 0),
      () => store.openMatrix(0, 1, 1, 0),
      () => store.openVector(1, 0),
      () => store.startBlockSums(),
      () => store.blockSums(),
      () =>
        store.startWriting({ path: "p", partialPath: "q", header: new Uint8Array(1), sumsOffset: 0, dataOffset: 0 }),
      () => store.writing(),
      () => newExecutor({ weights: store }),
      () => used.step(BATCH),
      () => used.sample(SAMPLE, RESULT),
      () => used.readLogits(0, new Float32Array(VOCABULARY)),
      () => used.copyPage(0, 1, 1),
      () => used.takeProfile(),
    ];
    for (const use of uses) expect(use).toThrow(/disposed/);
    expect([store.bytes, used.threads]).toEqual([REGION_BYTES, 2]);
  });

  it("keeps the weights of an executor after their store was disposed", () => {
    const native = nativeOf(smallSetup(), { threads: 1 });
    native.step(BATCH);
    const logits = new Float32Array(VOCABULARY);
    native.readLogits(1, logits);
    expect(logits).toEqual(randomFloats(1, VOCABULARY ** 2).subarray(5 * VOCABULARY, 6 * VOCABULARY));
    native.dispose();
  });

  it("is not misled by a handle of another kind", () => {
    const { Mapping, WeightStore, Executor, MachineProbe } = addon;
    const storeOptions = { isa: "scalar", threads: 1, bytes: REGION_BYTES };
    const handles = new Map<unknown, object>([
      [Mapping, new Mapping(process.execPath)],
      [WeightStore, new WeightStore(storeOptions)],
      [Executor, executor],
      [MachineProbe, new MachineProbe(storeOptions)],
    ]);
    for (const owner of [Mapping, WeightStore, Executor, MachineProbe]) {
      const others = [...handles].filter(([kind]) => kind !== owner).map(([, handle]) => handle);
      // Of this kind by its prototype alone.
      const made = owner === WeightStore ? MachineProbe : WeightStore;
      others.push({}, Object.create(owner.prototype), Reflect.construct(made, [storeOptions], owner));
      for (const name of Object.getOwnPropertyNames(owner.prototype).filter((each) => each !== "constructor")) {
        const property = Object.getOwnPropertyDescriptor(owner.prototype, name) ?? {};
        for (const run of Object.values(property).filter((each) => typeof each === "function")) {
          for (const other of others) expect(() => Reflect.apply(run, other, []), name).toThrow(/Illegal invocation/);
        }
      }
    }
    expect(() => newExecutor({ weights: executor })).toThrow(/WeightStore/);
    expect(() => newExecutor({ weights: Object.create(addon.WeightStore.prototype) })).toThrow(/WeightStore/);
    expect(() => Reflect.apply(anything(addon.Executor), undefined, [{}])).toThrow(/new/);
  });

  it("survives a getter that throws, disposes, or detaches an array", () => {
    const failing = newExecutor();
    const boom = {
      ...BATCH,
      get logitRows(): Int32Array {
        throw new RangeError("boom");
      },
    };
    expect(() => failing.step(boom)).toThrow(RangeError);
    const tokens = new Float32Array(2);
    const detaching = {
      ...RESULT,
      logprobs: tokens,
      get topLogprobs() {
        structuredClone(tokens.buffer, { transfer: [tokens.buffer] });
        return RESULT.topLogprobs;
      },
    };
    failing.step(BATCH);
    expect(() => failing.sample(SAMPLE, detaching)).toThrow(/logprobs/);
    const disposing = {
      ...BATCH,
      get logitRows() {
        failing.dispose();
        return BATCH.logitRows;
      },
    };
    expect(() => failing.step(disposing)).toThrow(/disposed/);
  });

  it("refuses to pack while the weights are summed, and waits for the sums where an executor takes them over", () => {
    // Sums that take far longer than the calls below.
    const store = new addon.WeightStore({ isa: "scalar", threads: 3, bytes: 2 ** 28 });
    const tensor = new Uint8Array(randomFloats(1, VOCABULARY ** 2).buffer);
    store.packMatrix(tensor, 0, 0, VOCABULARY, VOCABULARY, 0, 0);
    const sums = store.blockSums();
    store.startBlockSums();
    expect(() => store.packMatrix(tensor, 0, 0, VOCABULARY, VOCABULARY, 0, 4096)).toThrow(/being summed/);
    expect(() => store.addVector(Float32Array.of(1), 4096)).toThrow(/being summed/);
    const made = newExecutor({ weights: store });
    made.step(BATCH);
    made.dispose();
    expect(store.blockSums()).toEqual(sums);
    expect(store.addVector(Float32Array.of(1), 4096)).toBe(1);
    store.startBlockSums();
    store.dispose();
  });

  it("refuses a program that does not fit its weights", () => {
    const store = new addon.WeightStore({ isa: "scalar", threads: 1, bytes: REGION_BYTES });
    store.addVector(Float32Array.of(1), 0);
    expect(() => newExecutor({ weights: store })).toThrow(/weight 0/);
    store.addVector(Float32Array.of(1), 0);
    expect(() => newExecutor({ weights: store })).toThrow(/2 weights/);
  });

  it("turns reasons into rows of the error table", () => {
    const native = nativeOf(smallSetup(), { threads: 1 });
    expect(codeOf(() => native.step({ ...BATCH, tokens: Int32Array.of(99, 0, 0, 0, 0) }))).toBe("native_failed");
    native.dispose();
    expect(codeOf(() => native.step(BATCH))).toBe("native_disposed");
    const options = {
      program: plainProgram(smallSetup()),
      weightBytes: () => ({ bytes: new Uint8Array(3), ggmlType: 0 }),
    };
    expect(codeOf(() => createNativeExecutor({ ...options, threads: 0, pages: 1 }))).toBe("invalid_option");
    expect(codeOf(() => createNativeExecutor({ ...options, threads: 1, pages: 1.5 }))).toBe("invalid_option");
    expect(codeOf(() => createNativeExecutor({ ...options, threads: 1, pages: 1, isa: "mmx" }))).toBe(
      "isa_unsupported",
    );
    expect(() => createNativeExecutor({ ...options, threads: 1, pages: 1 })).toThrow(/pack rows/);
  });

  it("loads in worker threads, several at a time, whose end leaves nothing behind", async () => {
    const { path } = loadAddon();
    const source = `
      const { parentPort, workerData } = require("node:worker_threads");
      const addon = require(workerData);
      const store = new addon.WeightStore({ isa: "scalar", threads: 2, bytes: 640 });
      store.packMatrix(new Uint8Array(400), 0, 0, 10, 10, 0, 0);
      parentPort.postMessage(store.bytes);`;
    const workers = Array.from({ length: 3 }, () => new Worker(source, { eval: true, workerData: path }));
    const messages = await Promise.all(workers.map((worker) => once(worker, "message")));
    expect(messages).toEqual([[640], [640], [640]]);
    await Promise.all(workers.map((worker) => worker.terminate()));
    executor.step(BATCH);
  });

  it("reports what the CPU has", () => {
    const info = addon.cpuInfo();
    expect(info.architecture).toBe(process.arch);
    expect(info.isaLevels[0]).toBe("scalar");
  });
});
