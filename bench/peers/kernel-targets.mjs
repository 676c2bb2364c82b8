/**
 * What the kernels are to reach beside llama.cpp, and of the machine's limits; `run.mjs --suite kernels` measures all of it.
 * `ratio` is of the better of llama.cpp's flash-attention settings, `ratioF16` the same with K and V in f16 on both sides,
 * `nodeRatio` of node-llama-cpp, `share` of the limit that binds the case (docs/performance.md).
 */

const MODEL = "llama-3.2-1b:q4_0";

export const KERNEL_TARGETS = [
  { model: MODEL, benchCase: "prefill-512", ratio: 2, nodeRatio: 2, share: 0.65 },
  { model: "llama-3.2-1b:q8_0", benchCase: "prefill-512", ratio: 2 },
  { model: "llama-3.2-1b:q4_k_m", benchCase: "prefill-512", ratio: 2 },
  { model: MODEL, benchCase: "prefill-512@4096", ratio: 2.5 },
  { model: MODEL, benchCase: "decode", ratio: 1.1, nodeRatio: 2, share: 0.85 },
  { model: MODEL, benchCase: "decode@8192", ratio: 2.3, ratioF16: 1.7, share: 0.8 },
  { model: MODEL, benchCase: "decode-x8", ratio: 2 },
  { model: MODEL, benchCase: "decode-x16", ratio: 2 },
  { model: MODEL, benchCase: "decode-x32", ratio: 2 },
  { model: "smollm2-135m:q4_0", benchCase: "decode", ratio: 1.3 },
  { model: "llama-3.1-8b:q4_0", benchCase: "prefill-512", ratio: 2 },
  { model: "llama-3.1-8b:q4_0", benchCase: "decode", ratio: 1.05 },
];

/** Of a synthetic model's file. */
export const fileNameOf = (synthetic) => `${synthetic.replace(":", "-")}.gguf`;

/** The target of a file and case; {} where there is none. */
export const targetOf = (model, benchCase) =>
  KERNEL_TARGETS.find((target) => fileNameOf(target.model) === model && target.benchCase === benchCase) ?? {};
