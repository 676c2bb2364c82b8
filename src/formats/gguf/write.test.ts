import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { memorySource, openFileSource } from "../file-source.ts";
import { GGML_TYPES, type GgmlType, ggmlBytes } from "./ggml-types.ts";
import type { GgufTensor } from "./model.ts";
import { readGguf } from "./read.ts";
import { type GgufArrayValue, type GgufNumberType, type GgufValue, ggufValue } from "./value.ts";
import { type GgufContents, ggufBytes, type GgufTensorContents, writeGguf } from "./write.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "turnwise-write-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const NUMBERS = {
  uint8: fc.integer({ min: 0, max: 255 }),
  int8: fc.integer({ min: -128, max: 127 }),
  uint16: fc.integer({ min: 0, max: 65_535 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  uint32: fc.nat({ max: 0xffff_ffff }),
  int32: fc.integer(),
  float32: fc.float(),
  float64: fc.double(),
} as const satisfies Record<GgufNumberType, fc.Arbitrary<number>>;
const numberTypes = Object.keys(NUMBERS) as GgufNumberType[];
const text = fc.string({ unit: "grapheme", maxLength: 40 });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

const flatArray: fc.Arbitrary<GgufArrayValue> = fc.oneof(
  ...numberTypes.map((type) => fc.array(NUMBERS[type]).map((values) => ggufValue.numbers(type, values))),
  fc.array(uint64).map((values) => ggufValue.bigints("uint64", values)),
  fc.array(int64).map((values) => ggufValue.bigints("int64", values)),
  fc.array(fc.boolean()).map(ggufValue.bools),
  fc.array(fc.oneof(text, fc.uint8Array({ maxLength: 30 }))).map(ggufValue.strings),
);
const nestedArray = fc.array(fc.oneof(flatArray, fc.array(flatArray).map(ggufValue.arrays))).map(ggufValue.arrays);
const value: fc.Arbitrary<GgufValue> = fc.oneof(
  ...numberTypes.map((type) => NUMBERS[type].map(ggufValue[type])),
  uint64.map(ggufValue.uint64),
  int64.map(ggufValue.int64),
  fc.boolean().map(ggufValue.bool),
  text.map(ggufValue.string),
  flatArray,
  nestedArray,
);
const metadata = fc.uniqueArray(fc.tuple(text, value), { selector: ([key]) => key, maxLength: 8 });

const tensor: fc.Arbitrary<GgufTensorContents> = fc
  .record({
    name: fc.string({ maxLength: 20 }),
    type: fc.constantFrom(...(Object.keys(GGML_TYPES) as GgmlType[])),
    blocks: fc.integer({ min: 1, max: 3 }),
    others: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
    seed: fc.nat(255),
  })
  .map(({ name, type, blocks, others, seed }) => {
    const shape = [blocks * GGML_TYPES[type].blockElements, ...others];
    const bytes =
      ggmlBytes(
        type,
        shape.reduce((product, size) => product * size, 1),
      ) ?? 0;
    return { name, type, shape, data: Uint8Array.from({ length: bytes }, (_, index) => (index * 7 + seed) & 0xff) };
  });
const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 5 });

/** A file of one tensor, some of whose properties are `changed` from right ones. */
function wrong(changed: Partial<GgufTensorContents>) {
  const right: GgufTensorContents = { name: "w", type: "F32", shape: [2], data: new Uint8Array(8) };
  return (): Uint8Array => ggufBytes({ metadata: [], tensors: [{ ...right, ...changed }] });
}

/** A tensor as it was given to be written. */
function contentsOf(read: GgufTensor): GgufTensorContents {
  return { name: read.name, type: read.type, shape: read.shape, data: read.view() };
}

/** A value with its strings spelt out as bytes, so that two can be compared. */
function plain(entry: GgufValue): unknown {
  if (entry.kind === "arrays") return entry.values.map(plain);
  if (entry.kind !== "strings") return entry;
  return Array.from({ length: entry.values.length }, (_, index) => [...entry.values.bytes(index)]);
}

describe("ggufBytes", () => {
  it("writes what readGguf reads back: every value type, every tensor type", () => {
    fc.assert(
      fc.property(metadata, tensors, fc.constantFrom(8, 32, 64, 4096), (entries, contents, alignment) => {
        const all = entries.filter(([key]) => key !== "general.alignment" && !key.startsWith("split."));
        all.push(["general.alignment", ggufValue.uint32(alignment)]);
        const model = readGguf("m", (path) => memorySource(path, ggufBytes({ metadata: all, tensors: contents })));
        expect([...model.metadata.entries()].map(([key, entry]) => [key, plain(entry)])).toEqual(
          all.map(([key, entry]) => [key, plain(entry)]),
        );
        expect([...model.tensors.values()].map(contentsOf)).toEqual(contents);
        for (const { offset } of model.tensors.values()) expect(offset % alignment).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it("refuses data and shapes that do not fit", () => {
    expect(wrong({ shape: [3] })).toThrow("tensor w has 8 bytes of data, its shape needs 12");
    expect(wrong({ data: () => [new Uint8Array(4)] })).toThrow("tensor w has 4 bytes of data, its shape needs 8");
    expect(wrong({ type: "Q8_0", shape: [16, 2] })).toThrow("[16, 2] is a shape of Q8_0");
  });
});

describe("writeGguf", () => {
  const contents: GgufContents = {
    metadata: [["general.name", ggufValue.string("pieces")]],
    tensors: [
      {
        name: "w",
        type: "F32",
        shape: [3],
        data: () => [new Uint8Array(5).fill(1), new Uint8Array(0), new Uint8Array(7).fill(2)],
      },
      { name: "v", type: "I8", shape: [1], data: Uint8Array.of(9) },
    ],
  };

  it("writes the bytes of ggufBytes, piece by piece, and leaves nothing else", () => {
    const path = join(folder, "m.gguf");
    writeGguf(path, contents);
    writeGguf(path, contents);
    expect(new Uint8Array(readFileSync(path))).toEqual(ggufBytes(contents));
    expect(readdirSync(folder)).toEqual(["m.gguf"]);
    const model = readGguf(path, openFileSource);
    expect([...(model.tensors.get("w")?.view() ?? [])]).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]);
    model.dispose();
    rmSync(path);
  });

  it("leaves no file behind when a producer throws", () => {
    const short: GgufTensorContents = { name: "w", type: "F32", shape: [1], data: () => [new Uint8Array(3)] };
    const bad = { ...contents, tensors: [short] };
    expect(() => writeGguf(join(folder, "bad.gguf"), bad)).toThrow(/3 bytes of data/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says why it cannot write", () => {
    const path = join(folder, "absent", "m.gguf");
    expect(() => writeGguf(path, contents)).toThrow(`Cannot write ${path}: there is no such file or folder`);
  });
});
