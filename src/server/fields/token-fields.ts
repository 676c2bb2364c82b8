/** The fields of `/tokenize` and `/detokenize`, which follow vLLM's, and the forms a prompt may have. */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { at } from "../../base/invariant.ts";
import { chatMessages, chatTools } from "./chat-messages.ts";
import { honoured } from "./field-table.ts";
import type { FieldTable, FieldValues } from "./field-table.ts";

/** Every token id fits in an int32; whether the vocabulary has it is checked where it is known. */
const MAX_TOKEN_ID = 2 ** 31 - 1;

/** Written as one loop: a long prompt has hundreds of thousands of ids. */
const tokenIds = z.unknown().transform((value, context): Int32Array => {
  if (!Array.isArray(value)) return invalid(context, "expected an array of token ids", [], value);
  for (const [index, id] of (value as readonly unknown[]).entries()) {
    if (!Number.isInteger(id) || Number(id) < 0 || Number(id) > MAX_TOKEN_ID)
      return invalid(context, "expected a token id, a whole number of at least 0", [index], value);
  }
  return Int32Array.from(value as readonly number[]);
});

/** A text, or ids; OpenAI's batch of prompts is accepted only if it holds one. */
export const promptField = z.unknown().transform((value, context): string | Int32Array => {
  let prompt = value;
  if (Array.isArray(value) && (typeof value[0] === "string" || Array.isArray(value[0]))) {
    if (value.length > 1) return invalid(context, "holds several prompts; send a request for each", [], value);
    [prompt] = value as readonly unknown[];
  }
  if (typeof prompt === "string") return prompt;
  if (prompt === undefined) return invalid(context, "is required", [], value);
  if (!Array.isArray(prompt)) return invalid(context, "expected a string or an array of token ids", [], value);
  const ids = tokenIds.safeParse(prompt);
  if (ids.success) return ids.data;
  const [issue] = ids.error.issues;
  return invalid(context, issue?.message ?? "", issue?.path ?? [], value);
});

function invalid(context: z.RefinementCtx, message: string, path: readonly PropertyKey[], input: unknown): never {
  context.addIssue({ code: "custom", message, path: [...path], input });
  return z.NEVER;
}

/** Throws `request_invalid`, naming the first token that the vocabulary lacks. */
export function checkTokens(tokens: Int32Array, field: string, vocabSize: number): void {
  const index = tokens.findIndex((token) => token >= vocabSize);
  if (index !== -1) {
    const problem = `token ${at(tokens, index)} is outside the vocabulary of ${vocabSize}`;
    fail("request_invalid", { field: `${field}[${index}]`, problem });
  }
}

export const TOKENIZE_FIELDS = {
  model: honoured(z.string().optional(), "A served id; absent: the served model"),
  prompt: honoured(z.string().optional(), "The text; this or messages"),
  messages: honoured(chatMessages.optional(), "A conversation, rendered by the model's chat template"),
  add_special_tokens: honoured(z.boolean().optional(), "Add what the model puts around a text (BOS); default true"),
  return_token_strs: honoured(z.boolean().optional(), "Adds token_strs, the tokens as the vocabulary stores them"),
  tools: honoured(chatTools.optional(), "With messages: as in /v1/chat/completions"),
  chat_template_kwargs: honoured(z.record(z.string(), z.unknown()).optional(), "With messages: template variables"),
  add_generation_prompt: honoured(z.boolean().optional(), "With messages; default true"),
} as const satisfies FieldTable;

export type TokenizeValues = FieldValues<typeof TOKENIZE_FIELDS>;

/** As llama.cpp's route of that name has them, and what templates take besides. */
export const APPLY_TEMPLATE_FIELDS = {
  model: TOKENIZE_FIELDS.model,
  messages: honoured(chatMessages, "The conversation"),
  tools: honoured(chatTools.optional(), "As in /v1/chat/completions"),
  chat_template_kwargs: honoured(z.record(z.string(), z.unknown()).optional(), "Template variables"),
  add_generation_prompt: honoured(z.boolean().optional(), "End with the beginning of an answer; default true"),
} as const satisfies FieldTable;

export const DETOKENIZE_FIELDS = {
  model: honoured(z.string().optional(), "A served id; absent: the served model"),
  tokens: honoured(tokenIds, "Token ids"),
} as const satisfies FieldTable;
