import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { weightsOf } from "../graph/graph.ts";
import { randomModelGraph } from "../models/random/random-model.ts";
import { ARM_CHIPS } from "./arm-chips.ts";
import { ARM_RATES, LLAMA_CPP_RATES } from "./arm-rates.ts";
import {
  LLAMA_CPP_BASIS,
  LLAMA_CPP_ON_GRAVITON4,
  fitEfficiency,
  leaveOneOut,
  predictedSpeed,
} from "./fit-efficiency.ts";
import { projectSpeed } from "./project-speed.ts";
import { PROJECTED_QUANTS, projectedModel } from "./projected-model.ts";

const SCORES = "Attention, Q times K in int8";
const VALUES = "Attention, probabilities of 15 bits times V";
const PERFECT = { prefill: 1, core: 1, memory: 1 };

describe("the fit", () => {
  it("finds the constants that made its points", () => {
    const truth = { prefill: 0.6, core: 0.8, memory: 0.55 };
    const points = [2, 8, 32].map((threads) => ({ threads, ...predictedSpeed(threads, LLAMA_CPP_BASIS, truth) }));
    const found = fitEfficiency(points, LLAMA_CPP_BASIS);
    expect(found.prefill).toBeCloseTo(truth.prefill, 6);
    expect(found.core).toBeCloseTo(truth.core, 6);
    expect(found.memory).toBeCloseTo(truth.memory, 6);
    for (const error of leaveOneOut(points, LLAMA_CPP_BASIS)) expect(error.decode).toBeCloseTo(0, 6);
  });

  it("stays below the limits, and predicts each published point from the others within 20 %", () => {
    const found = fitEfficiency(LLAMA_CPP_ON_GRAVITON4, LLAMA_CPP_BASIS);
    for (const share of Object.values(found)) {
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(1);
    }
    for (const { prefill, decode } of leaveOneOut(LLAMA_CPP_ON_GRAVITON4, LLAMA_CPP_BASIS)) {
      expect(Math.abs(prefill)).toBeLessThan(0.2);
      expect(Math.abs(decode)).toBeLessThan(0.2);
    }
  });
});

describe("a projection", () => {
  it("of Llama 3.1 8B is its multiplications over the loops' rate", () => {
    const model = randomModelGraph("llama-3.1-8b", "q4_0");
    const [prefill, decode] = projectSpeed(model, ARM_CHIPS.graviton4, 4, PERFECT, 512);
    // 6.98e9 weights in the layers, one row of 4096 x 128256 logits, and 32 layers x 4096 columns x 2 x 256.5 positions.
    const cycles =
      (6.98e9 + (4096 * 128_256) / 512) / ARM_RATES["GEMM Q4_0, unpacked for 96 tokens"]["neoverse-v2"] +
      32 * 4096 * 256.5 * (1 / ARM_RATES[SCORES]["neoverse-v2"] + 1 / ARM_RATES[VALUES]["neoverse-v2"]);
    expect((prefill?.tokensPerSecond ?? 0) / ((4 * 2.8e9) / cycles)).toBeCloseTo(1, 2);
    // 18 bytes for 32 weights, 7.5e9 of them.
    const bytes = (7.505e9 * 18) / 32;
    const seconds = bytes / (4 * 2.8e9 * ARM_RATES["GEMV Q4_0"]["neoverse-v2"]) + bytes / 537.6e9;
    expect((decode?.tokensPerSecond ?? 0) * seconds).toBeCloseTo(1, 1);
  });

  it("of a model rounded to groups of 128 takes their loops, and Q8_0's for embedding and head", () => {
    const [prefill, decode] = projectSpeed(
      projectedModel("llama-3.1-8b", "q4-g128"),
      ARM_CHIPS.graviton4,
      4,
      PERFECT,
      512,
    );
    const attention = 1 / ARM_RATES[SCORES]["neoverse-v2"] + 1 / ARM_RATES[VALUES]["neoverse-v2"];
    const head = 4096 * 128_256;
    const cycles =
      6.98e9 / ARM_RATES["GEMM int4 group-128, unpacked for 96 tokens"]["neoverse-v2"] +
      head / 512 / ARM_RATES["GEMM Q8_0, unpacked for 96 tokens"]["neoverse-v2"] +
      32 * 4096 * 256.5 * attention;
    expect((prefill?.tokensPerSecond ?? 0) / ((4 * 2.8e9) / cycles)).toBeCloseTo(1, 2);
    // 68 bytes for 128 weights in the layers, 34 for 32 in the head.
    const [inner, outer] = [(6.98e9 * 68) / 128, (head * 34) / 32];
    const seconds =
      inner / (4 * 2.8e9 * ARM_RATES["GEMV int4 group-128"]["neoverse-v2"]) +
      outer / (4 * 2.8e9 * ARM_RATES["GEMV Q8_0"]["neoverse-v2"]) +
      (inner + outer) / 537.6e9;
    expect((decode?.tokensPerSecond ?? 0) * seconds).toBeCloseTo(1, 1);
  });

  it.each([
    ["q4_k", "GEMV Q4_K", 148],
    ["q5_k", "GEMV Q5_K", 180],
  ] as const)("of %s counts bytes as they are packed", (quant, loop, packedBytes) => {
    const model = projectedModel("llama-3.1-8b", quant);
    // Behind a prompt of one token there is no attention to speak of.
    const [, decode] = projectSpeed(model, ARM_CHIPS.graviton4, 4, PERFECT, 1);
    const bytes = ((6.979e9 + 4096 * 128_256) * packedBytes) / 256;
    const seconds = bytes / (4 * 2.8e9 * ARM_RATES[loop]["neoverse-v2"]) + bytes / 537.6e9;
    expect((decode?.tokensPerSecond ?? 0) * seconds).toBeCloseTo(1, 2);
  });

  it.each(PROJECTED_QUANTS)("is there for %s, which is offered", (quant) => {
    const cases = projectSpeed(projectedModel("llama-3.2-1b", quant), ARM_CHIPS.graviton3, 4, PERFECT, 8);
    for (const { tokensPerSecond } of cases) expect(tokensPerSecond).toBeGreaterThan(0);
  });

  it.each([
    ["int4-g64", "int4 group-64", 35, 64],
    ["int8-g32", "int8 group-32", 35, 32],
    ["int8-g128", "int8 group-128", 131, 128],
  ] as const)(
    "of a checkpoint of %s has its groups in the layers and Q8_0 in the head",
    (quant, loops, bytes, columns) => {
      const [, decode] = projectSpeed(projectedModel("llama-3.1-8b", quant), ARM_CHIPS.graviton4, 4, PERFECT, 1);
      const [inner, outer] = [(6.979e9 * bytes) / columns, (4096 * 128_256 * 34) / 32];
      const seconds =
        inner / (4 * 2.8e9 * ARM_RATES[`GEMV ${loops}`]["neoverse-v2"]) +
        outer / (4 * 2.8e9 * ARM_RATES["GEMV Q8_0"]["neoverse-v2"]) +
        (inner + outer) / 537.6e9;
      expect((decode?.tokensPerSecond ?? 0) * seconds).toBeCloseTo(1, 2);
    },
  );

  it("takes narrower groups where the wanted ones do not divide a matrix's columns", () => {
    // 576 columns are 9 groups of 64, 1536 are 12 of 128.
    const { graph, typeOf } = projectedModel("smollm2-135m", "int4-g128");
    const matrices = graph.nodes.flatMap((node) => weightsOf(node).map(([, ref]) => ref));
    const typesOfWidth = (columns: number) =>
      new Set(matrices.filter((ref) => ref.columns === columns && ref.tensor.startsWith("blk.")).map(typeOf));
    expect(typesOfWidth(1536)).toEqual(new Set(["int4_g128_zero"]));
    expect(typesOfWidth(576)).toContain("int4_g64_zero");
  });

  it("refuses a type whose loops are not modelled", () => {
    const model = randomModelGraph("tiny", "f16");
    expect(() => projectSpeed(model, ARM_CHIPS.graviton4, 4, PERFECT, 8)).toThrow("F16");
  });
});

it("has the rates of the record", () => {
  const record = JSON.parse(readFileSync(new URL("../../bench/arm-model.json", import.meta.url), "utf8")) as {
    readonly rates: object;
    readonly llamaCpp: unknown;
  };
  // It has those of the level without matrix products, too.
  expect(record.rates).toMatchObject(ARM_RATES);
  expect(LLAMA_CPP_RATES).toEqual(record.llamaCpp);
});
