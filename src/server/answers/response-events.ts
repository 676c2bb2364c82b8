/** The events of a streamed response (https://platform.openai.com/docs/api-reference/responses-streaming). */

import { z } from "zod";
import { type AnswerOf, count } from "./answer-of.ts";
import { outputItem, outputText, reasoningText, response } from "./response-answers.ts";

const eventOf = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), sequence_number: count, ...shape });

const RESPONSE = { response };
const ITEM = { output_index: count, item: outputItem };
const CALL = { item_id: z.string(), output_index: count };
/** Of a part of an item's content. */
const PLACE = { ...CALL, content_index: count };
const PART = { ...PLACE, part: z.union([outputText, reasoningText]) };
const NO_LOGPROBS = { logprobs: z.array(z.never()) };

export const responseEvent = z.discriminatedUnion("type", [
  eventOf("response.created", RESPONSE),
  eventOf("response.in_progress", RESPONSE),
  eventOf("response.output_item.added", ITEM),
  eventOf("response.content_part.added", PART),
  eventOf("response.output_text.delta", { ...PLACE, delta: z.string(), ...NO_LOGPROBS }),
  eventOf("response.output_text.done", { ...PLACE, text: z.string(), ...NO_LOGPROBS }),
  eventOf("response.reasoning_text.delta", { ...PLACE, delta: z.string() }),
  eventOf("response.reasoning_text.done", { ...PLACE, text: z.string() }),
  eventOf("response.function_call_arguments.delta", { ...CALL, delta: z.string() }),
  eventOf("response.function_call_arguments.done", { ...CALL, name: z.string(), arguments: z.string() }),
  eventOf("response.content_part.done", PART),
  eventOf("response.output_item.done", ITEM),
  eventOf("response.completed", RESPONSE),
  eventOf("response.incomplete", RESPONSE),
  eventOf("response.failed", RESPONSE),
  eventOf("error", { code: z.string().nullable(), message: z.string(), param: z.string().nullable() }),
]);
export type ResponseEvent = AnswerOf<typeof responseEvent>;
