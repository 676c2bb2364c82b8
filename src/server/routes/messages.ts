/** `POST /v1/messages`, Anthropic's API. */

import { thoughtStart } from "../../text/tools/thoughts.ts";
import { anthropicToolAsk } from "../anthropic/anthropic-tools.ts";
import { anthropicWriter } from "../anthropic/anthropic-writer.ts";
import { ANTHROPIC_FIELDS } from "../fields/anthropic-fields.ts";
import { anthropicChatInput } from "../fields/anthropic-messages.ts";
import { parseFields } from "../fields/field-table.ts";
import { CallIds, hexId } from "../conversation/call-ids.ts";
import { openConversation } from "../conversation/open-conversation.ts";
import { replyMessage } from "../conversation/reply-message.ts";
import { toGenerateRequest } from "../generate-request.ts";
import { readJsonBody } from "../read-body.ts";
import { respondWithGeneration } from "../respond-generation.ts";
import { checkModel } from "../server-context.ts";
import type { EngineRequest } from "../server-context.ts";
import { toolFormatName, toolRequestOf, turnReaders, turnSegments } from "../tool-request.ts";

export async function messages(request: EngineRequest): Promise<Response> {
  const { engine, http, scope, server } = request;
  const body = await readJsonBody(http.req.raw, server.options.maxBody, scope.signal);
  const { values, ignored } = parseFields(ANTHROPIC_FIELDS, body, server.options.strictFields);
  checkModel(values.model, engine, server.options);
  const tools = toolRequestOf(anthropicToolAsk(values), toolFormatName(request));
  const { messages: conversed, addGenerationPrompt: _, ...frame } = anthropicChatInput(values, tools.shown);
  const asked = { frame, messages: conversed, tools, cacheKey: undefined };
  const conversation = await openConversation(request, asked);
  const { prompt, text } = conversation.prompt;
  const thoughts = thoughtStart(engine.model.thinks, text);
  const limits = {
    prompt,
    thoughts,
    toolCalls: tools.source,
    maxTokens: values.max_tokens,
    logprobs: undefined,
    signal: scope.signal,
  };
  const sampling = { ...values, stop: values.stop_sequences };
  const newReader = turnReaders(tools, thoughts);
  const callIds = new CallIds(() => `toolu_${hexId(24)}`);
  const generation = await conversation.submit(
    () => toGenerateRequest(sampling, limits, engine.model.vocabSize),
    (reply, cut) => replyMessage(newReader?.() ?? null, reply, callIds, cut),
  );
  const segments = turnSegments(newReader);
  return respondWithGeneration(request, generation, {
    writer: anthropicWriter(request, { segments, callIds, cacheMarked: marksCache(body), ignored }),
    choices: 1,
    stream: values.stream === true,
    prompt: text,
  });
}

/** Whether a `cache_control` stands anywhere in the request that is not null. */
function marksCache(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(marksCache);
  return Object.entries(value).some(([name, inner]) => (name === "cache_control" ? inner !== null : marksCache(inner)));
}
