/** What answers say besides what the APIs have that they follow: the `turnwise` object. */

import { z } from "zod";
import type { MissCause } from "../../turns/miss.ts";
import { MISS_ADVICE } from "../../turns/miss-advice.ts";
import { type AnswerOf, count } from "./answer-of.ts";

export const missCause = z.enum(Object.keys(MISS_ADVICE) as MissCause[]);

export const miss = z.object({
  index: count.describe("Token of the prompt from which on it was computed again"),
  cause: missCause,
});

/** Of an answer that was generated. */
export const turnwiseAnswer = z.object({
  session: z.string().nullable(),
  turn: z.string().nullable(),
  tokens: z.object({ cached: count, prefilled: count, generated: count }),
  ms: z.object({ queue: count, prefill: count, decode: count }),
  miss: miss.nullable().describe("What of an earlier turn was computed again"),
  ignored: z.array(z.string()).describe("Fields of the request that were not used"),
});
export type TurnwiseAnswer = AnswerOf<typeof turnwiseAnswer>;

/** Of other answers; absent where nothing was ignored. */
export const ignoredAnswer = z.object({ ignored: z.array(z.string()) });

/** For answers in which nothing was generated. */
export const IGNORED = { turnwise: ignoredAnswer.optional() };
