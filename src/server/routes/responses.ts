/** `POST /v1/responses`. */

import { randomUUID } from "node:crypto";
import { fail } from "../../base/errors.ts";
import type { ChatMessage, ChatTool } from "../../text/template/types.ts";
import { thoughtStart } from "../../text/tools/thoughts.ts";
import type { ConversationFrame, ConversationSoFar } from "../../turns/turn.ts";
import { parseFields } from "../fields/field-table.ts";
import { RESPONSES_FIELDS } from "../fields/responses-fields.ts";
import type { ContentPart, GivenItem, ResponsesValues } from "../fields/responses-fields.ts";
import { textFormatSource } from "../fields/response-format.ts";
import { CallIds, newCallId } from "../conversation/call-ids.ts";
import { type ConversationRequest, openConversation } from "../conversation/open-conversation.ts";
import { replyMessage } from "../conversation/reply-message.ts";
import { toGenerateRequest } from "../generate-request.ts";
import { readJsonBody } from "../read-body.ts";
import { respondWithGeneration } from "../respond-generation.ts";
import { outputText } from "../responses/output-items.ts";
import type { ResponseObject } from "../answers/response-answers.ts";
import { type InputItem, toChatMessages } from "../responses/response-items.ts";
import type { NamedResponse } from "../responses/response-store.ts";
import { responsesWriter } from "../responses/responses-writer.ts";
import { checkModel, servedModelId } from "../server-context.ts";
import {
  boundOutput,
  type ToolAsk,
  toolFormatName,
  toolRequestOf,
  turnReaders,
  turnSegments,
} from "../tool-request.ts";
import type { EngineRequest } from "../server-context.ts";

export async function responses(request: EngineRequest): Promise<Response> {
  const { engine, http, scope, server } = request;
  const body = await readJsonBody(http.req.raw, server.options.maxBody, scope.signal);
  const { values, ignored } = parseFields(RESPONSES_FIELDS, body, server.options.strictFields);
  checkModel(values.model, engine, server.options);
  refuseLogprobs(values);
  const previous = previousResponse(values.previous_response_id, request);
  const input = toItems(values.input);
  const tools = toolRequestOf(toolAsk(values), toolFormatName(request));
  const conversation = await openConversation(request, {
    ...placeOf(values, previous, tools.shown === undefined ? {} : { tools: tools.shown }, input),
    tools,
    cacheKey: values.prompt_cache_key,
  });
  const { prompt, text } = conversation.prompt;
  const thoughts = thoughtStart(engine.model.thinks, text);
  const limits = {
    prompt,
    thoughts,
    ...boundOutput(textFormatSource(values.text?.format), tools),
    maxTokens: values.max_output_tokens,
    logprobs: undefined,
    signal: scope.signal,
  };
  const newReader = turnReaders(tools, thoughts);
  const callIds = new CallIds(() => newCallId(24));
  const generation = await conversation.submit(
    () => toGenerateRequest(values, limits, engine.model.vocabSize),
    (reply, cut) => replyMessage(newReader?.() ?? null, reply, callIds, cut),
  );
  const opened = openResponse(values, servedModelId(engine, server.options));
  return respondWithGeneration(request, generation, {
    writer: responsesWriter(scope, {
      opened,
      segments: turnSegments(newReader),
      callIds,
      ignored,
      onEnd: (response) => {
        const { turn } = conversation;
        if (values.store === false || turn === null) return;
        const stored = { response, input, output: response.output, previous: previous?.stored ?? null };
        server.responses.add(scope.tenant.name, { stored, turn });
      },
    }),
    choices: 1,
    stream: values.stream === true,
    prompt: text,
  });
}

/** What else may be included is of items that there are none of, or there anyway. */
function refuseLogprobs({ include = [] }: ResponsesValues): void {
  const index = include.indexOf("message.output_text.logprobs");
  if (index >= 0) fail("field_refused", { field: `include[${index}]`, hint: "Use /v1/chat/completions." });
}

function previousResponse(id: string | undefined, { scope, server }: EngineRequest): NamedResponse | null {
  if (id === undefined) return null;
  return server.responses.get(scope.tenant.name, id) ?? fail("previous_response_not_found", { id: id.slice(0, 200) });
}

/** As `input_items` lists them: a content is a list of parts. */
function toItems(input: ResponsesValues["input"]): InputItem[] {
  const items: GivenItem[] = typeof input === "string" ? [{ role: "user", content: input }] : input;
  return items.map(({ content, ...item }) => ({
    type: "message",
    ...item,
    ...(content === undefined ? {} : { content: typeof content === "string" ? [textPart(item, content)] : content }),
    id: item.id ?? `item_${randomUUID().replaceAll("-", "")}`,
  }));
}

const textPart = ({ role }: GivenItem, text: string): ContentPart =>
  role === "assistant" ? { ...outputText(text) } : { type: "input_text", text };

/**
 * The request's place in its conversation. Instructions are of one response alone: where they or the tools are not
 * those of the response that is continued, its turn is called something else now.
 */
function placeOf(
  { instructions }: ResponsesValues,
  previous: NamedResponse | null,
  frame: ConversationFrame,
  input: readonly InputItem[],
): ConversationSoFar & Pick<ConversationRequest, "follows"> {
  const system: ChatMessage[] = instructions === undefined ? [] : [{ role: "system", content: instructions }];
  const added = toChatMessages(input, "input");
  if (previous === null) return { frame, messages: [...system, ...added] };
  const { stored, turn } = previous;
  const had = stored.response.instructions;
  const isSame = had === (instructions ?? null);
  const messages = isSame ? turn.messages : [...system, ...turn.messages.slice(had === null ? 0 : 1)];
  return { frame, messages: added, follows: { turn, past: { frame, messages } } };
}

function toolAsk(values: ResponsesValues): ToolAsk {
  const { tools, tool_choice: choice = "auto", parallel_tool_calls: parallel = true } = values;
  return {
    tools: tools?.map(toChatTool),
    choice: typeof choice === "string" ? choice : { name: choice.name },
    parallel,
    nameField: "tool_choice.name",
  };
}

function toChatTool(
  { type, name, description, parameters }: NonNullable<ResponsesValues["tools"]>[number],
  index: number,
): ChatTool {
  const field = `tools[${index}]`;
  if (type !== "function") {
    fail("field_refused", { field: `${field}.type`, hint: `Tools are the client's functions, not ${type}.` });
  }
  if (name === undefined) fail("request_invalid", { field: `${field}.name`, problem: "is required" });
  return {
    type,
    function: { name, ...(description ? { description } : {}), ...(parameters ? { parameters } : {}) },
  };
}

/** The response as its first event shows it; clients expect every setting to be there. */
function openResponse(values: ResponsesValues, model: string): ResponseObject {
  return {
    id: `resp_${randomUUID().replaceAll("-", "")}`,
    object: "response",
    created_at: Math.floor(Date.now() / 1000),
    status: "in_progress",
    background: false,
    error: null,
    incomplete_details: null,
    instructions: values.instructions ?? null,
    max_output_tokens: values.max_output_tokens ?? null,
    model,
    output: [],
    parallel_tool_calls: values.parallel_tool_calls ?? true,
    previous_response_id: values.previous_response_id ?? null,
    reasoning: { effort: null, summary: null },
    store: values.store ?? true,
    temperature: values.temperature ?? 1,
    text: { ...values.text, format: values.text?.format ?? { type: "text" } },
    tool_choice: values.tool_choice ?? "auto",
    tools: values.tools ?? [],
    top_p: values.top_p ?? 1,
    truncation: "disabled",
    usage: null,
    metadata: values.metadata ?? {},
  };
}
