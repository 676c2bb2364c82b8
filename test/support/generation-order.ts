/** Orders for tests: greedy, no stop, unless said otherwise. */

import { type GenerationOrder, GREEDY_ORDER } from "../../src/engine/step/order.ts";

export function generationOrder(
  order: Partial<Omit<GenerationOrder, "kind">> & Pick<GenerationOrder, "id" | "prompt">,
): GenerationOrder {
  return { ...GREEDY_ORDER, maxTokens: 8, ...order };
}
