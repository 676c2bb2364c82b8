/** Sessions, and what their turns found and missed. */

import { z } from "zod";
import { type AnswerOf, count, deletedOf, pageOf, unixSeconds } from "./answer-of.ts";
import { IGNORED, miss } from "./turnwise-answer.ts";

const sessionState = z.enum(["idle", "running", "parked"]);

export const session = z.object({
  id: z.string(),
  object: z.literal("session"),
  created_at: unixSeconds,
  model: z.string(),
  head: z.string().nullable().describe("The turn that the next one follows; null before the first"),
  parent: z.string().nullable().describe("The session that it was forked from"),
  turns: z.array(
    z.object({
      id: z.string(),
      role: z.literal("assistant"),
      prompt_tokens: count,
      output_tokens: count,
      cached_tokens: count,
    }),
  ),
  state: sessionState,
  ttl_s: z.number(),
  expires_at: unixSeconds,
  metadata: z.record(z.string(), z.string()),
  ...IGNORED,
});
export type SessionAnswer = AnswerOf<typeof session>;

export const sessionPage = pageOf(session);
export const deletedSession = deletedOf("session");

const explainedMiss = miss.extend({
  what: z.string().describe("The cause in words"),
  remedy: z.string().describe("What to change"),
  had: z.string().nullable().describe("Text around the place as it was; null where no text changed"),
  has: z.string().nullable().describe("The same as it is"),
});
export type ExplainedMiss = AnswerOf<typeof explainedMiss>;

const explainedTurn = z.object({
  id: z.string(),
  prompt_tokens: count,
  cached_tokens: count,
  prefilled_tokens: count,
  output_tokens: count,
  ms: z.object({ queue: count, prefill: count, decode: count }),
  miss: explainedMiss.nullable(),
});
export type TurnExplanation = AnswerOf<typeof explainedTurn>;

export const sessionExplanation = z.object({
  object: z.literal("session.explanation"),
  session: z.string(),
  state: sessionState,
  model: z.string(),
  turns: z.array(explainedTurn).describe("Oldest first"),
});
export type SessionExplanation = AnswerOf<typeof sessionExplanation>;
