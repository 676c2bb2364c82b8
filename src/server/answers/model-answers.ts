/** The served model, in OpenAI's shape and in Anthropic's. */

import { z } from "zod";
import { type AnswerOf, count, unixSeconds } from "./answer-of.ts";

export const model = z.object({
  id: z.string(),
  object: z.literal("model"),
  created: unixSeconds,
  owned_by: z.literal("turnwise"),
  max_model_len: count.describe("Tokens of context"),
  turnwise: z.object({
    name: z.string(),
    architecture: z.string(),
    parameters: count,
    vocab_size: count,
    chat_template: z.boolean().describe("The model has one; without it only /v1/completions is served"),
    random_weights: z.boolean(),
    shared_prefixes: z.array(z.object({ name: z.string(), tokens: count })).describe("What --shared-prefix published"),
  }),
});
export type ModelAnswer = AnswerOf<typeof model>;

export const modelList = z.object({ object: z.literal("list"), data: z.array(model) });

export const anthropicModel = z.object({
  type: z.literal("model"),
  id: z.string(),
  display_name: z.string(),
  created_at: z.string().meta({ format: "date-time" }),
});
export type AnthropicModelAnswer = AnswerOf<typeof anthropicModel>;

export const anthropicModelList = z.object({
  data: z.array(anthropicModel),
  has_more: z.boolean(),
  first_id: z.string(),
  last_id: z.string(),
});
