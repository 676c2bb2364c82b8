/** Orders for tests: greedy, no stop, unless said otherwise. */

import { DEFAULT_TENANT, type GenerationOrder, GREEDY_ORDER, type ScoreOrder } from "../../src/engine/step/order.ts";

export function generationOrder(
  order: Partial<Omit<GenerationOrder, "kind">> & Pick<GenerationOrder, "id" | "prompt">,
): GenerationOrder {
  return { ...GREEDY_ORDER, maxTokens: 8, ...order };
}

export function scoreOrder(order: Pick<ScoreOrder, "id" | "tokens" | "from">): ScoreOrder {
  return { kind: "score", tenant: DEFAULT_TENANT, cacheKey: "", deadlineMs: Infinity, ...order };
}
