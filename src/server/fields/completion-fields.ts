/** Every field of `POST /v1/completions` (https://platform.openai.com/docs/api-reference/completions/create). */

import { z } from "zod";
import { honoured, refused } from "./field-table.ts";
import type { FieldTable, FieldValues } from "./field-table.ts";
import { RESPONSE_FORMAT_FIELDS } from "./response-format.ts";
import { MAX_TOP_LOGPROBS, outputTokens, SAMPLING_FIELDS } from "./sampling-fields.ts";
import { promptField } from "./token-fields.ts";

/** OpenAI's default; a client of this API that wants more says so. */
export const DEFAULT_COMPLETION_TOKENS = 16;

export const COMPLETION_FIELDS = {
  prompt: honoured(promptField, "A string, an array of token ids, or an array that holds one of these"),
  ...SAMPLING_FIELDS,
  ...RESPONSE_FORMAT_FIELDS,
  max_tokens: honoured(outputTokens.optional(), `Default ${DEFAULT_COMPLETION_TOKENS}, as in OpenAI's API`),
  logprobs: honoured(z.int().min(0).max(MAX_TOP_LOGPROBS).optional(), `0 to ${MAX_TOP_LOGPROBS} alternatives`),
  echo: honoured(z.boolean().optional(), "The text begins with the prompt; not together with logprobs"),

  suffix: refused("Text is not inserted before a suffix.", ""),
  add_special_tokens: refused("Give the prompt as token ids.", true),
} as const satisfies FieldTable;

export type CompletionValues = FieldValues<typeof COMPLETION_FIELDS>;
