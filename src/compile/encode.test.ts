import { describe, expect, it } from "vitest";
import { BUFFER_WORDS, encodeProgram, HEADER_WORDS, INSTRUCTION_WORDS, PROGRAM_MAGIC, WEIGHT_WORDS } from "./encode.ts";
import { OPCODES, type Program, PROGRAM_VERSION } from "./program.ts";

const PROGRAM: Program = {
  maxTokens: 512,
  maxLogitRows: 64,
  arenaBytes: 5 * 2 ** 32 + 640,
  vocabSize: 100,
  kv: { layers: 2, kvHeads: 4, headDim: 8, type: "int8", pageTokens: 32 },
  buffers: [
    { name: "x", offset: 2 ** 32 + 64, rowBytes: 128, rows: "tokens", columns: 32, type: "f32" },
    { name: "y", offset: 0, rowBytes: 64, rows: "logitRows", columns: 32, type: "q8a" },
  ],
  weights: [
    {
      kind: "matrix",
      tensor: "w",
      rows: 100,
      columns: 32,
      rowOrder: { kind: "source" },
      columnOrder: "own",
      format: "int4_g32",
    },
    { kind: "vector", tensor: "n", length: 32, rowOrder: { kind: "source" }, values: null },
  ],
  instructions: [
    { kind: "embed", stage: 0, weight: 0, out: 0 },
    { kind: "rms_norm", stage: 1, x: 0, weight: 1, out: 1, epsilon: 0.5, groups: 3 },
    { kind: "linear", stage: 2, x: 1, weight: 0, bias: -1, out: 0 },
  ],
  logits: 0,
};

const words = [...encodeProgram(PROGRAM)];
const buffers = HEADER_WORDS;
const weights = buffers + 2 * BUFFER_WORDS;
const instructions = weights + 2 * WEIGHT_WORDS;

function instruction(index: number): number[] {
  const begin = instructions + index * INSTRUCTION_WORDS;
  return words.slice(begin, begin + INSTRUCTION_WORDS);
}

describe("encodeProgram", () => {
  it("begins with the sizes of everything", () => {
    // 5 * 2^32 + 640 as low and high words; int8 is KV type 2.
    expect(words.slice(0, HEADER_WORDS)).toEqual([
      PROGRAM_MAGIC,
      PROGRAM_VERSION,
      512,
      64,
      100,
      0,
      2,
      4,
      8,
      2,
      32,
      2,
      2,
      3,
      640,
      5,
    ]);
    expect(words).toHaveLength(instructions + 3 * INSTRUCTION_WORDS);
  });

  it("spells its magic TWP1", () => {
    expect(new TextDecoder().decode(Int32Array.of(PROGRAM_MAGIC))).toBe("TWP1");
  });

  it("encodes buffers with 64-bit offsets", () => {
    expect(words.slice(buffers, weights)).toEqual([64, 1, 128, 0, 32, 0, 0, 0, 0, 0, 64, 1, 32, 2, 0, 0]);
  });

  it("encodes matrices and vectors", () => {
    expect(words.slice(weights, instructions)).toEqual([0, 100, 32, 4, 1, 1, 32, 0]);
  });

  it("encodes fields in the order of the table, floats by their bits, absent weights as -1", () => {
    expect(instruction(1).slice(0, 7)).toEqual([OPCODES.indexOf("rms_norm"), 1, 0, 1, 1, 0x3f000000, 3]);
    expect(instruction(2).slice(0, 7)).toEqual([OPCODES.indexOf("linear"), 2, 1, 0, -1, 0, 0]);
  });
});

describe("opcodes", () => {
  it("keep their numbers: native/program/program.h lists them in this order", () => {
    expect(OPCODES).toEqual([
      "embed",
      "rope_table",
      "rms_norm",
      "quantize",
      "linear",
      "linear_add",
      "linear_swiglu",
      "linear_qkv",
      "rope",
      "kv_store",
      "attend",
      "attend_reduce",
      "swiglu",
      "add",
      "gather_rows",
    ]);
  });
});
