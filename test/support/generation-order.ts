/** Orders for tests: greedy, no stop, unless said otherwise. */

import type { GenerationOrder } from "../../src/engine/order.ts";

export function generationOrder(
  order: Partial<Omit<GenerationOrder, "kind">> & Pick<GenerationOrder, "id" | "prompt">,
): GenerationOrder {
  return {
    kind: "generate",
    choices: 1,
    maxTokens: 8,
    minTokens: 0,
    ignoreEos: false,
    stop: [],
    keepSpecial: false,
    logprobs: -1,
    temperature: 0,
    topK: 0,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
    presencePenalty: 0,
    frequencyPenalty: 0,
    seed: 0n,
    biasTokens: new Int32Array(0),
    biasValues: new Float32Array(0),
    ...order,
  };
}
