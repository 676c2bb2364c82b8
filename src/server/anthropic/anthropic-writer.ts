/**
 * A message of Anthropic's API, whole and streamed
 * (https://docs.anthropic.com/en/api/messages-streaming): its content is a list of blocks, and each
 * event of a stream has a name.
 */

import { randomUUID } from "node:crypto";
import type { TurnwiseError } from "../../base/errors.ts";
import type { GenerationUsage, StreamPart } from "../../engine/types.ts";
import { dataEvent } from "../event-stream.ts";
import type { ServerEvent } from "../event-stream.ts";
import { ignoredField } from "../ignored-field.ts";
import { textOf } from "../observe-generation.ts";
import type { ChoiceEnd } from "../observe-generation.ts";
import type { ResponseWriter } from "../response-writer.ts";
import { servedModelId } from "../server-context.ts";
import type { EngineRequest } from "../server-context.ts";
import { anthropicErrorBody } from "./anthropic-errors.ts";

export interface AnthropicAnswer {
  /** The request marked a prefix with `cache_control`, so what was computed of the prompt counts as written. */
  readonly cacheMarked: boolean;
  /** Fields of the request that were accepted and not used. */
  readonly ignored: readonly string[];
}

const event = (type: string, fields: object = {}): ServerEvent => dataEvent({ type, ...fields }, type);

export function anthropicWriter(
  { engine, server }: EngineRequest,
  { cacheMarked, ignored }: AnthropicAnswer,
): ResponseWriter {
  const head = {
    id: `msg_${randomUUID().replaceAll("-", "")}`,
    type: "message",
    role: "assistant",
    model: servedModelId(engine, server.options),
  };
  let started = false;
  let blockOpen = false;
  let finished: ChoiceEnd | null = null;

  /** What is cached is not known yet; `message_delta` has the final counts. */
  function* start(promptTokens: number): Generator<ServerEvent> {
    if (started) return;
    started = true;
    const usage = { promptTokens, outputTokens: 0, cachedTokens: 0 };
    yield event("message_start", {
      message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage: formatUsage(usage, false) },
    });
  }

  function* part(given: StreamPart): Generator<ServerEvent> {
    switch (given.kind) {
      case "prefill":
        yield* start(given.promptTokens);
        return;
      case "delta":
        if (given.text === "") return;
        if (!blockOpen) yield event("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
        blockOpen = true;
        yield event("content_block_delta", { index: 0, delta: { type: "text_delta", text: given.text } });
        return;
      case "finish":
        if (blockOpen) yield event("content_block_stop", { index: 0 });
        finished = given;
        return;
      case "end":
        yield event("message_delta", {
          delta: finished === null ? {} : formatEnd(finished),
          usage: formatUsage(given.usage, cacheMarked),
          ...ignoredField(ignored),
        });
        yield event("message_stop");
        return;
      default:
        given satisfies never;
    }
  }

  return {
    answer: ([output], usage) => ({
      ...head,
      content: output === undefined ? [] : contentOf(textOf(output)),
      ...(output === undefined ? {} : formatEnd(output)),
      usage: formatUsage(usage, cacheMarked),
      ...ignoredField(ignored),
    }),
    part,
    error: (error: TurnwiseError, requestId: string) => [dataEvent(anthropicErrorBody(error, requestId), "error")],
    close: () => [],
  };
}

const contentOf = (text: string): readonly object[] => (text === "" ? [] : [{ type: "text", text }]);

function formatEnd({ reason, stopString }: ChoiceEnd): object {
  if (reason === "length") return { stop_reason: "max_tokens", stop_sequence: null };
  return { stop_reason: stopString === null ? "end_turn" : "stop_sequence", stop_sequence: stopString };
}

/**
 * Anthropic counts each prompt token once: read from the cache, written to it, or plain input. All of a
 * prompt is kept here, so where the client marked a prefix, all that was computed counts as written.
 */
function formatUsage({ promptTokens, outputTokens, cachedTokens }: GenerationUsage, cacheMarked: boolean): object {
  const computed = promptTokens - cachedTokens;
  return {
    input_tokens: cacheMarked ? 0 : computed,
    cache_creation_input_tokens: cacheMarked ? computed : 0,
    cache_read_input_tokens: cachedTokens,
    output_tokens: outputTokens,
  };
}
