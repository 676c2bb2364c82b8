/** `POST /v1/chat/completions`. */

import { fail } from "../../base/errors.ts";
import type { GenerateRequest, Generation } from "../../engine/types.ts";
import type { ChatInput, ChatTool } from "../../text/template/types.ts";
import { type Conversation, openConversation, SESSION_KEEP_MS } from "../conversation.ts";
import { chatFormat } from "../openai/chat-format.ts";
import { CHAT_FIELDS } from "../fields/chat-fields.ts";
import type { ChatValues } from "../fields/chat-fields.ts";
import { parseFields } from "../fields/field-table.ts";
import { grammarSourceOf } from "../fields/response-format.ts";
import { ignoredMessageFields, toChatInput } from "../fields/chat-messages.ts";
import { submitGeneration, toGenerateRequest, wantsUsageChunk } from "../generate-request.ts";
import { outputTokensOnly } from "../openai/generation-format.ts";
import { openAiWriter } from "../openai/openai-writer.ts";
import { type ToolAsk, toolFormatName, toolRequestOf, turnReaders, withTools } from "../tool-request.ts";
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
  const responseFormat = grammarSourceOf(values);
  const tools = toolRequestOf(toolAsk(values), toolFormatName(request));
  if (responseFormat !== undefined && tools.source !== undefined) {
    fail("request_invalid", {
      field: "tools",
      problem: 'cannot be called where the output is bound; send tool_choice: "none"',
    });
  }
  const input = withTools(toChatInput({ ...values, tools: tools.shown }), tools);
  const choices = values.n ?? 1;
  const conversation = await conversationOf(request, values, input);
  const prompt = conversation?.prompt.prompt ?? (await engine.renderChat(input));
  const bound = { responseFormat, toolCalls: tools.source };
  const limits = { prompt, maxTokens, logprobs, ...bound, signal: scope.signal };
  const generation = await submitTurn(request, conversation, () =>
    toGenerateRequest(values, limits, engine.model.vocabSize),
  );
  const listed = outputTokensOnly(engine.model.endTokens, values.ignore_eos === true);
  const format = chatFormat({
    listed: logprobs === undefined ? null : listed,
    newReader: turnReaders(tools, engine.model.thinks, prompt),
    callIdLength: tools.format.idLength,
  });
  return respondWithGeneration(request, generation, {
    writer: openAiWriter(request, { format, choices, includeUsage, ignored: [...ignored, ...ignoredInMessages] }),
    choices,
    stream: values.stream === true,
    prompt: conversation?.prompt.text ?? prompt,
  });
}

/** Null where what is generated is no turn: several answers, or none to the conversation. */
async function conversationOf(
  request: EngineRequest,
  { n = 1, session }: ChatValues,
  { messages, addGenerationPrompt, ...frame }: ChatInput,
): Promise<Conversation | null> {
  if (n === 1 && addGenerationPrompt) return openConversation(request, { frame, messages, session });
  if (session === undefined) return null;
  const field = addGenerationPrompt ? "n" : "add_generation_prompt";
  return fail("request_invalid", { field, problem: "makes no turn of a session" });
}

/** A request that is refused here is no turn either. */
async function submitTurn(
  request: EngineRequest,
  conversation: Conversation | null,
  generate: () => GenerateRequest,
): Promise<Generation> {
  if (conversation === null) return submitGeneration(request, generate());
  try {
    const keep = conversation.session === null ? {} : { keepMs: SESSION_KEEP_MS };
    return conversation.record(await submitGeneration(request, { ...generate(), ...keep }));
  } catch (thrown) {
    conversation.abandon();
    throw thrown;
  }
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

function toolAsk({ tools, tool_choice: choice = "auto", parallel_tool_calls: parallel = true }: ChatValues): ToolAsk {
  return {
    tools: tools as readonly ChatTool[] | undefined,
    choice: typeof choice === "string" ? choice : choice.function,
    parallel,
    nameField: "tool_choice.function.name",
  };
}
