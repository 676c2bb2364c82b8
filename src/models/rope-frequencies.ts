/**
 * RoPE's frequencies, in f64 until the last rounding. Su et al., RoFormer, 2021; the llama3 scaling as
 * Meta's reference code for Llama 3.1 defines it.
 */

import { at, unreachable } from "../base/invariant.ts";
import type { RopeScaling, RopeSpec } from "./model-spec.ts";

/** The [headDim / 2] angles per position. */
export function ropeFrequencies({ theta, scaling }: RopeSpec, headDim: number): Float32Array {
  return Float32Array.from({ length: headDim / 2 }, (_, i) => plainFrequency(theta, headDim, i) / divisor(scaling, i));
}

export interface Llama3Scaling {
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  /** Context of the model before it was stretched. */
  readonly originalContextTokens: number;
}

/**
 * Divisors for `RopeScaling.factors`: 1 for waves that fit the original context often, `factor` for
 * those that hardly fit, and in between a blend by the wave's length.
 */
export function llama3Factors(theta: number, headDim: number, scaling: Llama3Scaling): Float32Array {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContextTokens } = scaling;
  return Float32Array.from({ length: headDim / 2 }, (_, i) => {
    const waves = (originalContextTokens * plainFrequency(theta, headDim, i)) / (2 * Math.PI);
    if (waves > highFrequencyFactor) return 1;
    if (waves < lowFrequencyFactor) return factor;
    const blend = (waves - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
    return 1 / ((1 - blend) / factor + blend);
  });
}

function plainFrequency(theta: number, headDim: number, i: number): number {
  return theta ** ((-2 * i) / headDim);
}

function divisor(scaling: RopeScaling, i: number): number {
  switch (scaling.kind) {
    case "none":
      return 1;
    case "linear":
      return scaling.factor;
    case "factors":
      return at(scaling.factors, i);
    default:
      return unreachable(scaling);
  }
}
