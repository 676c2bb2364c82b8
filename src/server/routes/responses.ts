/** `POST /v1/responses`. */

import { randomUUID } from "node:crypto";
import { fail } from "../../base/errors.ts";
import type { ChatInput, ChatTool } from "../../text/template/types.ts";
import { thoughtStart } from "../../text/tools/thoughts.ts";
import { parseFields } from "../fields/field-table.ts";
import { RESPONSES_FIELDS } from "../fields/responses-fields.ts";
import type { GivenItem, ResponsesValues } from "../fields/responses-fields.ts";
import { textFormatSource } from "../fields/response-format.ts";
import { CallIds, newCallId } from "../conversation/call-ids.ts";
import { openConversation } from "../conversation/open-conversation.ts";
import { replyMessage } from "../conversation/reply-message.ts";
import { toGenerateRequest } from "../generate-request.ts";
import { readJsonBody } from "../read-body.ts";
import { respondWithGeneration } from "../respond-generation.ts";
import { toChatMessages } from "../responses/response-items.ts";
import type { InputItem, ResponseObject } from "../responses/response-items.ts";
import type { StoredResponse } from "../responses/response-store.ts";
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
  const previous = previousResponse(values.previous_response_id, request);
  const input = toItems(values.input);
  const tools = toolRequestOf(toolAsk(values), toolFormatName(request));
  const { messages, addGenerationPrompt: _, ...frame } = chatInput(values, tools.shown, previous, input);
  const conversation = await openConversation(request, { frame, messages, tools, cacheKey: values.prompt_cache_key });
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
        if (values.store === false) return;
        server.responses.add(scope.tenant.name, { response, input, output: response.output, previous });
      },
    }),
    choices: 1,
    stream: values.stream === true,
    prompt: text,
  });
}

function previousResponse(id: string | undefined, { scope, server }: EngineRequest): StoredResponse | null {
  if (id === undefined) return null;
  return server.responses.get(scope.tenant.name, id) ?? fail("previous_response_not_found", { id: id.slice(0, 200) });
}

function toItems(input: ResponsesValues["input"]): InputItem[] {
  const items: GivenItem[] = typeof input === "string" ? [{ role: "user", content: input }] : input;
  return items.map((item) => ({ type: "message", ...item, id: item.id ?? `item_${randomUUID().replaceAll("-", "")}` }));
}

/** Instructions are of one response alone: those of earlier ones are not repeated. */
function chatInput(
  values: ResponsesValues,
  tools: readonly ChatTool[] | undefined,
  previous: StoredResponse | null,
  input: readonly InputItem[],
): ChatInput {
  const history: StoredResponse[] = [];
  for (let at = previous; at !== null; at = at.previous) history.push(at);
  const earlier = history.toReversed().flatMap((stored) => [...stored.input, ...stored.output]);
  return {
    messages: [
      ...(values.instructions === undefined ? [] : [{ role: "system", content: values.instructions }]),
      ...toChatMessages([...earlier, ...input], "input"),
    ],
    addGenerationPrompt: true,
    ...(tools === undefined ? {} : { tools }),
  };
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
