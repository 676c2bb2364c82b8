/** Every field of `POST /v1/messages` and its `count_tokens` (https://docs.anthropic.com/en/api/messages). */

import { z } from "zod";
import { anthropicMessages, anthropicTools, systemPrompt } from "./anthropic-messages.ts";
import { honoured, inert, refused } from "./field-table.ts";
import type { FieldTable, FieldValues } from "./field-table.ts";
import { outputTokens, SAMPLING_FIELDS } from "./sampling-fields.ts";

const thinking = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("enabled"), budget_tokens: z.int().min(0).optional() }),
  z.looseObject({ type: z.literal("adaptive") }),
  z.looseObject({ type: z.literal("disabled") }),
]);

const parallel = { disable_parallel_tool_use: z.boolean().optional() };
const toolChoice = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal(["auto", "any"]), ...parallel }),
  z.looseObject({ type: z.literal("tool"), name: z.string(), ...parallel }),
  z.looseObject({ type: z.literal("none") }),
]);

/** What decides the prompt. */
const PROMPT_FIELDS = {
  model: honoured(z.string(), "A served id"),
  messages: honoured(anthropicMessages, "Roles user and assistant; blocks text, tool_use, tool_result and thinking"),
  system: honoured(systemPrompt.optional(), "A string, or blocks of type text"),
  tools: honoured(anthropicTools.optional(), "Tools of the client, with a name and an input_schema"),
  tool_choice: honoured(
    toolChoice.optional(),
    "Types auto, none (the tools are left out), any and tool (the answer is a call)",
  ),
  thinking: honoured(
    thinking.optional(),
    "Sets the template's variable enable_thinking; a budget is not enforced beyond max_tokens",
  ),
  cache_control: inert("Prompt caching is automatic and does not change answers"),

  context_management: refused("The client edits its own history.", {}),
  mcp_servers: refused("Tools are the client's.", []),
} as const satisfies FieldTable;

export const COUNT_TOKENS_FIELDS = PROMPT_FIELDS;

export const ANTHROPIC_FIELDS = {
  ...PROMPT_FIELDS,
  max_tokens: honoured(outputTokens, "Required, as in Anthropic's API"),
  stop_sequences: honoured(SAMPLING_FIELDS.stop.schema, SAMPLING_FIELDS.stop.note),
  stream: SAMPLING_FIELDS.stream,
  temperature: honoured(z.number().min(0).max(2).optional(), "0 to 2, default 1; 0 is greedy"),
  top_k: SAMPLING_FIELDS.top_k,
  top_p: SAMPLING_FIELDS.top_p,
  seed: SAMPLING_FIELDS.seed,

  metadata: inert("Names the end user"),
  service_tier: inert("There is one tier"),
  inference_geo: inert("There is one place"),

  container: refused("There are no containers."),
  output_config: refused("Say it in a message.", {}),
} as const satisfies FieldTable;

export type AnthropicPromptValues = FieldValues<typeof PROMPT_FIELDS>;
