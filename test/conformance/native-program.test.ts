/**
 * Whole programs: a small transformer of every op, fused and not, equals the interpreter; and a program
 * with changed words is refused or runs, but never ends the process.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import { at } from "../../src/base/invariant.ts";
import { WEIGHT_FORMAT_CODES } from "../../src/base/weight-formats.ts";
import { encodeProgram } from "../../src/compile/encode.ts";
import { planWeights } from "../../src/compile/plan-weights.ts";
import { GGML_TYPES } from "../../src/formats/gguf/ggml-types.ts";
import { DECODABLE_TYPES } from "../../src/formats/quant/decodable-types.ts";
import { decodeRows } from "../../src/formats/quant/rows.ts";
import { loadAddon } from "../../src/native/load-addon.ts";
import {
  type GraphSetup,
  interpreterOf,
  isIntegerType,
  nativeOf,
  plainProgram,
  stepLogits,
} from "../support/graph-on-native.ts";
import { NATIVE_ISA_LEVELS, NATIVE_MISSING } from "../support/native-addon.ts";
import { SMALL_BATCH, smallTransformer } from "../support/small-transformer.ts";

/** Rows of both sequences' next tokens, after SMALL_BATCH. */
const NEXT = {
  ...SMALL_BATCH,
  tokens: Int32Array.of(9, 10),
  positions: Int32Array.of(20, 3),
  sequenceStarts: Int32Array.of(0, 1, 2),
  logitRows: Int32Array.of(0, 1),
};

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((worst, value, index) => Math.max(worst, Math.abs(value - at(b, index))), 0);
}

/** Its rows are too narrow for superblocks. */
const TYPES = DECODABLE_TYPES.filter((type) => GGML_TYPES[type].blockElements <= 32);

describe.skipIf(NATIVE_MISSING)("a small transformer", () => {
  it.each(TYPES.flatMap((type) => (["f32", "f16", "int8"] as const).map((kvType) => ({ type, kvType }))))(
    "$type weights, $kvType pages: native equals the interpreter",
    ({ type, kvType }) => {
      const setup = smallTransformer(type, kvType);
      const interpreter = interpreterOf(setup);
      const expected = [stepLogits(interpreter, SMALL_BATCH), stepLogits(interpreter, NEXT)];
      // Logits are of magnitude 1. With float weights and pages only rounding differs; quantised values
      // may fall to the other side of a step, here and there.
      const isExact = kvType !== "int8" && !isIntegerType(type);
      for (const isa of NATIVE_ISA_LEVELS) {
        const native = nativeOf(setup, { threads: 2, isa });
        const actual = [stepLogits(native, SMALL_BATCH), stepLogits(native, NEXT)];
        native.dispose();
        const worst = Math.max(...actual.map((logits, index) => largestDifference(logits, at(expected, index))));
        expect(worst).toBeLessThan(isExact ? 2e-5 : 2e-2);
      }
    },
  );

  it("profiles every instruction that ran", () => {
    const setup = smallTransformer("Q8_0", "int8");
    const native = nativeOf(setup, { threads: 2 });
    native.step(SMALL_BATCH);
    const profile = native.takeProfile();
    expect(profile.length).toBe(plainProgram(setup).instructions.length);
    expect(profile.every((nanoseconds) => nanoseconds > 0)).toBe(true);
    expect(native.takeProfile().every((nanoseconds) => nanoseconds === 0)).toBe(true);
    native.dispose();
  });
});

function fuzzInput(setup: GraphSetup, isa: string, seed: number, rounds: number): string {
  const program = plainProgram(setup);
  const { offsets, bytes: weightBytes } = planWeights(program.weights);
  const weights = program.weights.map((spec, index) => {
    const offset = offsets[index];
    if (spec.kind === "vector" && spec.values !== null) return { offset, vector: [...spec.values] };
    const { type, bytes } = setup.tensors.get(spec.tensor) ?? { type: "F32", bytes: new Uint8Array() };
    const ggmlType = GGML_TYPES[type].id;
    if (spec.kind === "vector") return { offset, vector: [...decodeRows(ggmlType, bytes, spec.length)] };
    const { rows, columns } = spec;
    return { offset, bytes: [...bytes], ggmlType, rows, columns, format: WEIGHT_FORMAT_CODES.indexOf(spec.format) };
  });
  const batch = Object.fromEntries(Object.entries(SMALL_BATCH).map(([name, values]) => [name, [...values]]));
  const words = [...encodeProgram(program)];
  const { vocabSize } = program;
  return JSON.stringify({
    addonPath: loadAddon().path,
    isa,
    seed,
    rounds,
    words,
    vocabSize,
    weights,
    weightBytes,
    batch,
  });
}

describe.skipIf(NATIVE_MISSING)("a program with changed words", () => {
  const child = fileURLToPath(new URL("../support/program-fuzz-child.mjs", import.meta.url));

  it.each(NATIVE_ISA_LEVELS)("is refused or runs, and never crashes: %s", (isa) => {
    const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 2000);
    const input = fuzzInput(smallTransformer("Q4_0", "int8"), isa, Number(process.env["FUZZ_SEED"] ?? 1), rounds);
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [child], { input, encoding: "utf8" });
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: "" });
    const { refused, accepted, stepped, sampled } = JSON.parse(stdout) as Readonly<Record<string, number>>;
    expect((refused ?? 0) + (accepted ?? 0)).toBe(rounds);
    // All of it happens: a fuzz that only ever sees one side, or never comes to the end, tests a part.
    for (const count of [refused, stepped, sampled]) expect(count).toBeGreaterThan(rounds / 50);
  });
});
