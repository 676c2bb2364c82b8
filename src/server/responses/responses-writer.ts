/**
 * A response of OpenAI's Responses API, whole and streamed
 * (https://platform.openai.com/docs/api-reference/responses-streaming): every event has a name and a
 * sequence number, and opens, fills or closes the response, an item of its output, or a part of an item.
 */

import { randomUUID } from "node:crypto";
import type { FinishReason, GenerationUsage, StreamPart } from "../../engine/types.ts";
import { errorBody } from "../error-map.ts";
import { dataEvent } from "../event-stream.ts";
import type { ServerEvent } from "../event-stream.ts";
import { ignoredField } from "../ignored-field.ts";
import { textOf } from "../observe-generation.ts";
import type { ResponseWriter } from "../response-writer.ts";
import type { OutputMessage, OutputText, ResponseObject } from "./response-items.ts";

export interface ResponsesAnswer {
  /** The response before anything was generated: its id, and the request's settings. */
  readonly opened: ResponseObject;
  readonly ignored: readonly string[];
  /** Called with the response once it has ended, whole or at a limit. */
  readonly onEnd: (response: ResponseObject) => void;
}

export function responsesWriter({ opened, ignored, onEnd }: ResponsesAnswer): ResponseWriter {
  const itemId = `msg_${randomUUID().replaceAll("-", "")}`;
  const place = { item_id: itemId, output_index: 0, content_index: 0 };
  let sequence = 0;
  let started = false;
  let itemOpen = false;
  let text = "";
  let reason: FinishReason = "stop";

  const event = (type: string, fields: object): ServerEvent =>
    dataEvent({ type, sequence_number: sequence++, ...fields }, type);

  function end(usage: GenerationUsage): ResponseObject {
    const complete = reason === "stop";
    const response: ResponseObject = {
      ...opened,
      status: complete ? "completed" : "incomplete",
      incomplete_details: complete ? null : { reason: "max_output_tokens" },
      output: [message(itemId, text, complete ? "completed" : "incomplete")],
      usage: formatUsage(usage),
      ...ignoredField(ignored),
    };
    onEnd(response);
    return response;
  }

  function* start(): Generator<ServerEvent> {
    if (started) return;
    started = true;
    yield event("response.created", { response: opened });
    yield event("response.in_progress", { response: opened });
  }

  function* openItem(): Generator<ServerEvent> {
    if (itemOpen) return;
    itemOpen = true;
    const item: OutputMessage = { ...message(itemId, "", "in_progress"), content: [] };
    yield event("response.output_item.added", { output_index: 0, item });
    yield event("response.content_part.added", { ...place, part: outputText("") });
  }

  function* closeItem(): Generator<ServerEvent> {
    const item = message(itemId, text, reason === "stop" ? "completed" : "incomplete");
    yield event("response.output_text.done", { ...place, text, logprobs: [] });
    yield event("response.content_part.done", { ...place, part: outputText(text) });
    yield event("response.output_item.done", { output_index: 0, item });
  }

  function* part(given: StreamPart): Generator<ServerEvent> {
    yield* start();
    switch (given.kind) {
      case "prefill":
        return;
      case "delta":
        if (given.text === "") return;
        yield* openItem();
        text += given.text;
        yield event("response.output_text.delta", { ...place, delta: given.text, logprobs: [] });
        return;
      case "finish":
        yield* openItem();
        ({ reason } = given);
        yield* closeItem();
        return;
      case "end": {
        const response = end(given.usage);
        yield event(`response.${response.status}`, { response });
        return;
      }
      default:
        given satisfies never;
    }
  }

  return {
    answer([output], usage) {
      if (output !== undefined) {
        text = textOf(output);
        ({ reason } = output);
      }
      return end(usage);
    },
    part,
    *error(failure, requestId) {
      yield* start();
      const { error } = errorBody(failure, requestId);
      yield event("error", { code: error.code, message: error.message, param: error.param });
      const response = { ...opened, status: "failed", error: { code: "server_error", message: error.message } };
      yield event("response.failed", { response });
    },
    close: () => [],
  };
}

function message(id: string, text: string, status: OutputMessage["status"]): OutputMessage {
  return { type: "message", id, status, role: "assistant", content: [outputText(text)] };
}

const outputText = (text: string): OutputText => ({ type: "output_text", text, annotations: [], logprobs: [] });

function formatUsage({ promptTokens, outputTokens, cachedTokens }: GenerationUsage): object {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + outputTokens,
  };
}
