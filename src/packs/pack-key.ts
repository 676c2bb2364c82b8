/**
 * What a pack is a pack of: a hash of everything that its bytes depend on. The model's weights enter by
 * samples of their files, since to read them whole would take as long as to pack them: another model, and
 * another training of the same one, differ in every sample. A file that was changed in some places only is
 * told by its time, which a pack's header has beside the key.
 */

import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { planWeights } from "../compile/plan-weights.ts";
import type { WeightSpec } from "../compile/program.ts";
import { PACK_VERSION } from "./pack-file.ts";

/** Of each file. As many reads as a slow network disk answers in some tenths of a second. */
const SAMPLES = 128;
const SAMPLE_BYTES = 4096;

export interface PackedModel {
  readonly weights: readonly WeightSpec[];
  /** How the files store each weight, by name, in any stable text. */
  readonly encodingOf: (tensor: string) => string;
  /** `ModelSource.weightReading`. */
  readonly reading: string;
  readonly quant: string;
  readonly files: readonly string[];
}

/** Hexadecimal. Throws what the system says where a file cannot be read. */
export function packKey({ weights, encodingOf, reading, quant, files }: PackedModel, layout: string): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([PACK_VERSION, layout, quant, reading, planWeights(weights), files.length]));
  for (const weight of weights) {
    const values = weight.kind === "vector" ? weight.values : null;
    hash.update(
      JSON.stringify([{ ...weight, values: null }, values === null ? encodingOf(weight.tensor) : "constant"]),
    );
    if (values !== null) hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  for (const file of files) sampleFile(file, hash);
  return hash.digest("hex");
}

/** Its size, and bytes at equal distances from its beginning to its end; a small file whole. */
function sampleFile(path: string, hash: Hash): void {
  const file = openSync(path, "r");
  try {
    const { size } = statSync(path);
    hash.update(`${size}`);
    const last = Math.max(0, size - SAMPLE_BYTES);
    const sample = new Uint8Array(SAMPLE_BYTES);
    for (let index = 0; index < SAMPLES; index += 1) {
      const offset = Math.floor((last * index) / (SAMPLES - 1));
      hash.update(sample.subarray(0, readSync(file, sample, 0, SAMPLE_BYTES, offset)));
    }
  } finally {
    closeSync(file);
  }
}
