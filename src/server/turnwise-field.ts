/**
 * The `turnwise` object of an answer, or of a stream's last chunk or event, the same in every API: which turn of
 * which session it was, what of the prompt was found and what was computed, where the time went, what was missed
 * of an earlier turn, and which fields of the request were ignored.
 */

import type { TurnwiseAnswer } from "./answers/turnwise-answer.ts";
import type { RequestScope } from "./request-scope.ts";

export function turnwiseField(
  { usage, timings, turn }: RequestScope,
  ignored: readonly string[],
): { readonly turnwise: TurnwiseAnswer } {
  return {
    turnwise: {
      session: turn?.session ?? null,
      turn: turn?.turn ?? null,
      tokens: {
        cached: usage?.cachedTokens ?? 0,
        prefilled: usage === null ? 0 : usage.promptTokens - usage.cachedTokens,
        generated: usage?.outputTokens ?? 0,
      },
      ms: {
        queue: Math.round(timings?.queueMs ?? 0),
        prefill: Math.round(timings?.prefillMs ?? 0),
        decode: Math.round(timings?.decodeMs ?? 0),
      },
      miss: turn?.miss ?? null,
      ignored,
    },
  };
}
