/**
 * How far real machines stay behind modelled loops and peak bandwidth: one constant for prefill and two for decoding,
 * fitted to llama.cpp on a Graviton4, whose loops were modelled in the same way.
 *
 *   prefill  tokens/s = efficiency x modelled multiplications of all threads / multiplications of a token
 *   decode   seconds a token = bytes / (core share x modelled bytes of all threads) + bytes / (memory share x peak)
 */

import { LLAMA_CPP_RATES } from "./arm-rates.ts";

/** Tokens a second of one machine at several numbers of threads. */
export interface MeasuredSpeed {
  readonly threads: number;
  readonly prefill: number;
  readonly decode: number;
}

/**
 * c8g.4xlarge, Llama 3.1 8B in Q4_0, llama-bench's pp512 and tg128: Arm Learning Paths, "Deploy Arcee AFM on AWS Graviton4",
 * evaluation of the quantised models.
 */
export const LLAMA_CPP_ON_GRAVITON4: readonly MeasuredSpeed[] = [
  { threads: 4, prefill: 57.6, decode: 15.18 },
  { threads: 8, prefill: 106, decode: 25.29 },
  { threads: 16, prefill: 190, decode: 40.99 },
];

/** What the fit knows of the machine, the model and the peer's loops. */
export interface FitBasis {
  readonly hertz: number;
  readonly bytesPerSecond: number;
  readonly tokenBytes: number;
  readonly tokenMultiplications: number;
  /** Of one core, in each cycle. */
  readonly loopMultiplications: number;
  readonly loopBytes: number;
}

/** Bytes of a token with the model's Q6_K output matrix. */
export const LLAMA_CPP_BASIS: FitBasis = {
  hertz: 2.8e9,
  bytesPerSecond: 537.6e9,
  tokenBytes: 4.36e9,
  tokenMultiplications: 6.98e9,
  loopMultiplications: LLAMA_CPP_RATES["GEMM Q4_0"]["neoverse-v2"],
  loopBytes: LLAMA_CPP_RATES["GEMV Q4_0"]["neoverse-v2"],
};

export interface Efficiency {
  /** Of the modelled multiplications. */
  readonly prefill: number;
  /** Of the modelled bytes of a core. */
  readonly core: number;
  /** Of the peak bandwidth. */
  readonly memory: number;
}

/** The geometric mean of what each point shows, and the least squares of relative errors of decoding. */
export function fitEfficiency(points: readonly MeasuredSpeed[], basis: FitBasis): Efficiency {
  const logs = points.map(({ threads, prefill }) =>
    Math.log((prefill * basis.tokenMultiplications) / (threads * basis.hertz * basis.loopMultiplications)),
  );
  const prefill = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  // Seconds a token are x / threads + y; each equation is divided by its measured seconds.
  let [aa, ab, bb, a, b] = [0, 0, 0, 0, 0];
  for (const { threads, decode } of points) {
    const [u, v] = [decode / threads, decode];
    aa += u * u;
    ab += u * v;
    bb += v * v;
    a += u;
    b += v;
  }
  const determinant = aa * bb - ab * ab;
  const perThread = (a * bb - b * ab) / determinant;
  const shared = (b * aa - a * ab) / determinant;
  return {
    prefill,
    core: basis.tokenBytes / (perThread * basis.hertz * basis.loopBytes),
    memory: basis.tokenBytes / (shared * basis.bytesPerSecond),
  };
}

/** Tokens a second that the constants give for the peer's own machine and model. */
export function predictedSpeed(
  threads: number,
  basis: FitBasis,
  efficiency: Efficiency,
): Omit<MeasuredSpeed, "threads"> {
  const perThread = basis.tokenBytes / (efficiency.core * basis.hertz * basis.loopBytes);
  const shared = basis.tokenBytes / (efficiency.memory * basis.bytesPerSecond);
  return {
    prefill: (efficiency.prefill * threads * basis.hertz * basis.loopMultiplications) / basis.tokenMultiplications,
    decode: 1 / (perThread / threads + shared),
  };
}

export interface LeftOutError {
  readonly threads: number;
  /** Predicted by a fit of the other points, over measured, minus 1. */
  readonly prefill: number;
  readonly decode: number;
}

/** The error of each point under a fit of all others. */
export function leaveOneOut(points: readonly MeasuredSpeed[], basis: FitBasis): readonly LeftOutError[] {
  return points.map((point) => {
    const others = points.filter((other) => other !== point);
    const predicted = predictedSpeed(point.threads, basis, fitEfficiency(others, basis));
    return {
      threads: point.threads,
      prefill: predicted.prefill / point.prefill - 1,
      decode: predicted.decode / point.decode - 1,
    };
  });
}
