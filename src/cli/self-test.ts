/**
 * The self-test of `turnwise doctor`: a tiny model of random weights scores one text on the native core
 * and on the interpreter, which must agree. The full comparison, op by op, is in `test/conformance`.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "../engine/engine.ts";
import { writeRandomModel } from "../models/random/random-model.ts";

const SEED = 7;
const TEXT = "The quick brown fox jumps over the lazy dog, 0123456789 times.";

/**
 * Mean difference of a log-probability that passes. With quantised activations a last bit can turn one
 * int8 rounding the other way, which changes what follows by some hundredths; a wrong kernel on these
 * weights gives tenths.
 */
const TOLERANCE = { f32: 1e-4, q8_0: 5e-2, q4_0: 5e-2 } as const;

type Quant = keyof typeof TOLERANCE;

export interface SelfTestResult {
  readonly passed: boolean;
  /** For each weight format, the mean difference of a log-probability. */
  readonly differences: Readonly<Record<Quant, number>>;
}

export async function runSelfTest(): Promise<SelfTestResult> {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-doctor-"));
  try {
    const differences: Record<Quant, number> = { f32: Number.NaN, q8_0: Number.NaN, q4_0: Number.NaN };
    for (const quant of Object.keys(TOLERANCE) as Quant[]) {
      const path = join(folder, `${quant}.gguf`);
      writeRandomModel(path, "tiny", quant, SEED);
      differences[quant] = meanDifference(await scoreText(path, "native"), await scoreText(path, "interpreter"));
    }
    // A difference that is no number fails too.
    const passed = (Object.keys(TOLERANCE) as Quant[]).every((quant) => differences[quant] <= TOLERANCE[quant]);
    return { passed, differences };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function scoreText(model: string, backend: "native" | "interpreter"): Promise<Float32Array> {
  const engine = await Engine.load({ model, backend, kvType: "f32", contextTokens: 128, maxSequences: 1 });
  try {
    const tokens = await engine.tokenize(TEXT, { addSpecial: true });
    return (await engine.score(tokens, 1)).logprobs;
  } finally {
    await engine.dispose();
  }
}

/** NaN where the two cannot be compared. */
export function meanDifference(left: Float32Array, right: Float32Array): number {
  if (left.length !== right.length || left.length === 0) return Number.NaN;
  const sum = left.reduce((total, value, index) => total + Math.abs(value - (right[index] ?? Number.NaN)), 0);
  return sum / left.length;
}
