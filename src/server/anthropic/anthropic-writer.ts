/**
 * A message of Anthropic's API, whole and streamed
 * (https://docs.anthropic.com/en/api/messages-streaming): its content is a list of blocks, and each
 * event of a stream has a name.
 */

import { randomUUID } from "node:crypto";
import type { TurnwiseError } from "../../base/errors.ts";
import { at } from "../../base/invariant.ts";
import type { GenerationUsage, StreamPart } from "../../engine/types.ts";
import type {
  BlockDelta,
  ContentBlock,
  MessageAnswer,
  MessageEnd,
  MessageEvent,
  MessageUsage,
} from "../answers/message-answers.ts";
import { dataEvent } from "../event-stream.ts";
import type { ServerEvent } from "../event-stream.ts";
import type { CallIds } from "../conversation/call-ids.ts";
import type { ChoiceEnd } from "../observe-generation.ts";
import type { ResponseWriter } from "../response-writer.ts";
import { servedModelId } from "../server-context.ts";
import type { EngineRequest } from "../server-context.ts";
import { callInput } from "../turn-segments.ts";
import type { Segment, SegmentEvent, TurnSegments } from "../turn-segments.ts";
import { turnwiseField } from "../turnwise-field.ts";
import { anthropicErrorBody } from "./anthropic-errors.ts";

export interface AnthropicAnswer {
  readonly segments: TurnSegments;
  readonly callIds: CallIds;
  /** The request marked a prefix with `cache_control`, so what was computed of the prompt counts as written. */
  readonly cacheMarked: boolean;
  /** Fields of the request that were accepted and not used. */
  readonly ignored: readonly string[];
}

const event = (data: MessageEvent): ServerEvent => dataEvent(data, data.type);

export function anthropicWriter(
  { engine, scope, server }: EngineRequest,
  { segments, callIds, cacheMarked, ignored }: AnthropicAnswer,
): ResponseWriter {
  const head = {
    id: `msg_${randomUUID().replaceAll("-", "")}`,
    type: "message",
    role: "assistant",
    model: servedModelId(engine, server.options),
  } as const;
  let started = false;
  /** The block of each segment, made when it opens. */
  const blocks: ContentBlock[] = [];
  let finished: ChoiceEnd | null = null;

  /** What is cached is not known yet; `message_delta` has the final counts. */
  function* start(promptTokens: number): Generator<ServerEvent> {
    if (started) return;
    started = true;
    const usage = { promptTokens, outputTokens: 0, cachedTokens: 0, preemptions: 0 };
    const message = { ...head, content: [], ...NOT_ENDED, usage: formatUsage(usage, false) };
    yield event({ type: "message_start", message });
  }

  function* tell(events: Iterable<SegmentEvent>): Generator<ServerEvent> {
    for (const given of events) {
      const { index } = given.segment;
      if (given.kind === "open") {
        const block = openBlock(given.segment, callIds);
        blocks.push(block);
        yield event({ type: "content_block_start", index, content_block: block });
      } else if (given.kind === "add") {
        yield event({ type: "content_block_delta", index, delta: deltaOf(given.segment, given.text) });
      } else {
        yield event({ type: "content_block_stop", index, ...markOf(given.segment) });
      }
    }
  }

  function* part(given: StreamPart): Generator<ServerEvent> {
    switch (given.kind) {
      case "prefill":
        yield* start(given.promptTokens);
        return;
      case "delta":
        yield* tell(segments.push(given));
        return;
      case "finish":
        yield* tell(segments.finish(given));
        finished = given;
        return;
      case "end":
        yield event({
          type: "message_delta",
          delta: finished === null ? NOT_ENDED : formatEnd(finished, segments),
          usage: formatUsage(given.usage, cacheMarked),
          ...turnwiseField(scope, ignored),
        });
        yield event({ type: "message_stop" });
        return;
      default:
        given satisfies never;
    }
  }

  return {
    answer([output], usage): MessageAnswer {
      if (output !== undefined) {
        for (const opened of segments.read(output)) {
          if (opened.kind === "open") blocks.push(openBlock(opened.segment, callIds));
        }
      }
      return {
        ...head,
        content: segments.all.map((segment, index) => filledBlock(at(blocks, index), segment)),
        ...(output === undefined ? NOT_ENDED : formatEnd(output, segments)),
        usage: formatUsage(usage, cacheMarked),
        ...turnwiseField(scope, ignored),
      };
    },
    part,
    error: (error: TurnwiseError, requestId: string) => [dataEvent(anthropicErrorBody(error, requestId), "error")],
    close: () => [],
  };
}

const NOT_ENDED: MessageEnd = { stop_reason: null, stop_sequence: null };

/** A block before anything of it came. */
function openBlock({ kind, name, call }: Segment, ids: CallIds): ContentBlock {
  switch (kind) {
    case "text":
      return { type: "text", text: "" };
    case "reasoning":
      // Thoughts are not signed here: they may be sent back as they are.
      return { type: "thinking", thinking: "", signature: "" };
    case "call":
      return { type: "tool_use", id: ids.of(call), name, input: {} };
    default:
      return kind satisfies never;
  }
}

function deltaOf({ kind }: Segment, text: string): BlockDelta {
  if (kind === "text") return { type: "text_delta", text };
  return kind === "reasoning"
    ? { type: "thinking_delta", thinking: text }
    : { type: "input_json_delta", partial_json: text };
}

/** The block of a segment that has ended. A call that was cut off has no input, and is marked. */
function filledBlock(block: ContentBlock, segment: Segment): ContentBlock {
  switch (block.type) {
    case "text":
      return { ...block, text: segment.text };
    case "thinking":
      return { ...block, thinking: segment.text };
    case "tool_use":
      return { ...block, input: callInput(segment), ...markOf(segment) };
    default:
      return block satisfies never;
  }
}

/** What tells a client not to run a call: the block of one that was cut off has it, or the event that ends the block. */
function markOf({ kind, incomplete }: Segment): { readonly incomplete?: true } {
  return kind === "call" && incomplete ? { incomplete } : {};
}

function formatEnd({ reason, stopString }: ChoiceEnd, { calls }: TurnSegments): MessageEnd {
  if (reason === "length") return { stop_reason: "max_tokens", stop_sequence: null };
  if (stopString !== null) return { stop_reason: "stop_sequence", stop_sequence: stopString };
  return { stop_reason: calls > 0 ? "tool_use" : "end_turn", stop_sequence: null };
}

/**
 * Anthropic counts each prompt token once: read from the cache, written to it, or plain input. All of a
 * prompt is kept here, so where the client marked a prefix, all that was computed counts as written.
 */
function formatUsage(
  { promptTokens, outputTokens, cachedTokens }: GenerationUsage,
  cacheMarked: boolean,
): MessageUsage {
  const computed = promptTokens - cachedTokens;
  return {
    input_tokens: cacheMarked ? 0 : computed,
    cache_creation_input_tokens: cacheMarked ? computed : 0,
    cache_read_input_tokens: cachedTokens,
    output_tokens: outputTokens,
  };
}
