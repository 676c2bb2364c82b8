/**
 * The `turnwise` object of an answer, or of a stream's last chunk: what of the prompt was found and what
 * was computed, which turn of which session it was, where the time went, and which fields of the request were ignored.
 */

import type { RequestScope } from "./request-scope.ts";

export function turnwiseField({ usage, timings, turn }: RequestScope, ignored: readonly string[]): object {
  return {
    turnwise: {
      ...(turn === null ? {} : { session: turn.session, turn: turn.turn, miss: turn.miss }),
      ...(usage === null
        ? {}
        : {
            tokens: {
              cached: usage.cachedTokens,
              prefilled: usage.promptTokens - usage.cachedTokens,
              generated: usage.outputTokens,
            },
          }),
      ...(timings === null
        ? {}
        : {
            ms: {
              queue: Math.round(timings.queueMs),
              prefill: Math.round(timings.prefillMs),
              decode: Math.round(timings.decodeMs),
            },
          }),
      ignored,
    },
  };
}
