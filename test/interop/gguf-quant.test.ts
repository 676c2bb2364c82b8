/** Quantised blocks of other projects: decoding against golden values, encoding against llama.cpp's bytes. */

import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { openFileSource } from "../../src/formats/file-source.ts";
import { GGML_TYPES, ggmlBytes, ggmlTypeInfo } from "../../src/formats/gguf/ggml-types.ts";
import type { GgufTensor } from "../../src/formats/gguf/model.ts";
import { readGguf } from "../../src/formats/gguf/read.ts";
import { DECODABLE_TYPES } from "../../src/formats/quant/decodable-types.ts";
import { decodeRows, encodeRows } from "../../src/formats/quant/rows.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

const FOLDER = "quant-blocks/gguf_reference";

interface Reference {
  readonly typeId: number;
  readonly elements: number;
  readonly raw: Uint8Array;
  /** The values, rounded to bf16. */
  readonly golden: Uint8Array;
}

function referenceNames(): readonly string[] {
  return readdirSync(sharedPath(FOLDER)).filter((name) => name.endsWith(".bin"));
}

function readReference(name: string): Reference {
  const file = readFileSync(sharedPath(`${FOLDER}/${name}`));
  const [typeId = 0, elements = 0, rawBytes = 0, goldenBytes = 0] = [0, 4, 8, 12].map((at) => file.readUInt32LE(at));
  return {
    typeId,
    elements,
    raw: file.subarray(16, 16 + rawBytes),
    golden: file.subarray(16 + rawBytes, 16 + rawBytes + goldenBytes),
  };
}

function decoded(tensor: GgufTensor): Float32Array {
  return decodeRows(tensor.typeId, tensor.view(), tensor.elements);
}

/** sqrt(sum (a - b)^2 / sum a^2) */
function relativeError(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (const [index, value] of a.entries()) {
    difference += (value - (b[index] ?? 0)) ** 2;
    norm += value ** 2;
  }
  return Math.sqrt(difference / norm);
}

const QUANTISED = DECODABLE_TYPES.filter((type) => GGML_TYPES[type].blockElements > 1);

describe.skipIf(sharedAbsent)("quantised blocks", () => {
  it("have the sizes of the type table", () => {
    expect(referenceNames().length).toBeGreaterThan(20);
    for (const name of referenceNames()) {
      const { typeId, elements, raw } = readReference(name);
      const { name: type } = ggmlTypeInfo(typeId);
      expect(name).toContain(`_${type.toLowerCase()}.bin`);
      expect(ggmlBytes(type, elements)).toBe(raw.length);
    }
  });

  it.each(QUANTISED)("of type %s decode to their golden values", (type) => {
    const file = referenceNames().find((name) => name.endsWith(`_${type.toLowerCase()}.bin`));
    const { typeId, elements, raw, golden } = readReference(file ?? "");
    const values = decodeRows(typeId, raw, elements);
    expect(Buffer.compare(encodeRows(GGML_TYPES.BF16.id, values), golden)).toBe(0);
  });

  it.each(["stories260K", "TinyStories-656K"])("of %s are encoded byte for byte as llama.cpp does", (name) => {
    const source = readGguf(sharedPath(`models/${name}-f32.gguf`), openFileSource);
    for (const [file, bound] of [
      ["q8_0", 0.01],
      ["q4_0", 0.12],
    ] as const) {
      const quantised = readGguf(sharedPath(`models/${name}-${file}.gguf`), openFileSource);
      const tensors = [...quantised.tensors.values()].filter((tensor) => tensor.type !== "F32");
      expect(tensors.length).toBeGreaterThan(10);
      for (const tensor of tensors) {
        const original = source.tensors.get(tensor.name);
        const values = original === undefined ? new Float32Array(0) : decoded(original);
        expect(Buffer.compare(encodeRows(tensor.typeId, values), tensor.view())).toBe(0);
        expect(relativeError(values, decoded(tensor))).toBeLessThan(bound);
      }
      quantised.dispose();
    }
    source.dispose();
  });
});
