/** `POST /v1/chat/completions`. */

import { fail } from "../../base/errors.ts";
import { at } from "../../base/invariant.ts";
import type { EngineApi, GenerateRequest } from "../../engine/types.ts";
import type { ChatInput, ChatTool } from "../../text/template/types.ts";
import { thoughtStart } from "../../text/tools/thoughts.ts";
import { CallIds, newCallId } from "../conversation/call-ids.ts";
import type { Conversation } from "../conversation/conversation.ts";
import { openConversation, sessionTools } from "../conversation/open-conversation.ts";
import { replyMessage } from "../conversation/reply-message.ts";
import { chatFormat } from "../openai/chat-format.ts";
import { CHAT_FIELDS } from "../fields/chat-fields.ts";
import type { ChatValues } from "../fields/chat-fields.ts";
import { parseFields } from "../fields/field-table.ts";
import { grammarSourceOf } from "../fields/response-format.ts";
import { ignoredMessageFields, toChatInput } from "../fields/chat-messages.ts";
import { submitGeneration, toGenerateRequest, wantsUsageChunk } from "../generate-request.ts";
import { outputTokensOnly } from "../openai/generation-format.ts";
import { openAiWriter } from "../openai/openai-writer.ts";
import {
  boundOutput,
  type ToolAsk,
  type ToolRequest,
  toolFormatName,
  toolRequestOf,
  turnReaders,
  withTools,
} from "../tool-request.ts";
import { readJsonBody } from "../read-body.ts";
import { respondWithGeneration } from "../respond-generation.ts";
import { checkModel } from "../server-context.ts";
import type { EngineRequest } from "../server-context.ts";

export async function chatCompletions(request: EngineRequest): Promise<Response> {
  const { engine, http, scope, server } = request;
  const body = await readJsonBody(http.req.raw, server.options.maxBody, scope.signal);
  const { values, ignored } = parseFields(CHAT_FIELDS, body, server.options.strictFields);
  const ignoredInMessages = ignoredMessageFields(values.messages, server.options.strictFields);
  checkModel(values.model, engine, server.options);
  const includeUsage = wantsUsageChunk(values);
  const logprobs = topLogprobs(values);
  const maxTokens = maxOutputTokens(values);
  const tools = toolRequestOf(toolAsk(values, request), toolFormatName(request));
  const bound = boundOutput(grammarSourceOf(values), tools);
  const input = toChatInput({ ...values, tools: tools.shown });
  const choices = values.n ?? 1;
  const conversation = await conversationOf(request, values, input, tools);
  const { prompt, text } = conversation?.prompt ?? (await plainPrompt(engine, withTools(input, tools)));
  const thoughts = thoughtStart(engine.model.thinks, text);
  const limits = { prompt, maxTokens, logprobs, ...bound, thoughts, signal: scope.signal };
  const newReader = turnReaders(tools, thoughts);
  const callIds = Array.from({ length: choices }, () => new CallIds(() => newCallId(tools.format.idLength)));
  const generate = (): GenerateRequest => toGenerateRequest(values, limits, engine.model.vocabSize);
  const generation = await (conversation === null
    ? submitGeneration(request, generate())
    : conversation.submit(generate, (reply, cut) => replyMessage(newReader?.() ?? null, reply, at(callIds, 0), cut)));
  const listed = outputTokensOnly(engine.model.endTokens, values.ignore_eos === true);
  const format = chatFormat({ listed: logprobs === undefined ? null : listed, newReader, callIds });
  return respondWithGeneration(request, generation, {
    writer: openAiWriter(request, { format, choices, includeUsage, ignored: [...ignored, ...ignoredInMessages] }),
    choices,
    stream: values.stream === true,
    prompt: text,
  });
}

async function plainPrompt(engine: EngineApi, input: ChatInput): Promise<{ prompt: string; text: string }> {
  const text = await engine.renderChat(input);
  return { prompt: text, text };
}

/** Null where what is generated is no turn: several answers, or none to the conversation. */
async function conversationOf(
  request: EngineRequest,
  { n = 1, session, prompt_cache_key: cacheKey }: ChatValues,
  { messages, addGenerationPrompt, ...frame }: ChatInput,
  tools: ToolRequest,
): Promise<Conversation | null> {
  if (n === 1 && addGenerationPrompt) {
    return openConversation(request, { frame, messages, tools, cacheKey, session });
  }
  if (session === undefined) return null;
  const field = addGenerationPrompt ? "n" : "add_generation_prompt";
  return fail("request_invalid", { field, problem: "makes no turn of a session" });
}

/** Alternatives to list, or undefined where no log-probabilities are wanted. */
function topLogprobs(values: ChatValues): number | undefined {
  if (values.logprobs === true) return values.top_logprobs ?? 0;
  if (values.top_logprobs !== undefined) {
    fail("request_invalid", { field: "top_logprobs", problem: "needs logprobs: true" });
  }
  return undefined;
}

function maxOutputTokens({ max_tokens: older, max_completion_tokens: newer }: ChatValues): number | undefined {
  if (older !== undefined && newer !== undefined && older !== newer) {
    fail("request_invalid", { field: "max_tokens", problem: "differs from max_completion_tokens; send one of them" });
  }
  return newer ?? older;
}

function toolAsk(values: ChatValues, request: EngineRequest): ToolAsk {
  const { tools, session, tool_choice: choice = "auto", parallel_tool_calls: parallel = true } = values;
  const given = tools as readonly ChatTool[] | undefined;
  return {
    tools: given ?? (session === undefined ? undefined : sessionTools(request, session)),
    choice: typeof choice === "string" ? choice : choice.function,
    parallel,
    alwaysShown: session !== undefined,
    nameField: "tool_choice.function.name",
  };
}
