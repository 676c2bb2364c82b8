/**
 * A response of OpenAI's Responses API, whole and streamed
 * (https://platform.openai.com/docs/api-reference/responses-streaming): every event has a name and a
 * sequence number, and opens, fills or closes the response, an item of its output, or a part of an item.
 */

import type { FinishReason, GenerationUsage, StreamPart } from "../../engine/types.ts";
import type { OutputItem, ResponseObject, ResponseUsage } from "../answers/response-answers.ts";
import type { ResponseEvent } from "../answers/response-events.ts";
import { errorBody } from "../error-map.ts";
import { dataEvent } from "../event-stream.ts";
import type { ServerEvent } from "../event-stream.ts";
import type { CallIds } from "../conversation/call-ids.ts";
import type { RequestScope } from "../request-scope.ts";
import type { ResponseWriter } from "../response-writer.ts";
import type { Segment, SegmentEvent, TurnSegments } from "../turn-segments.ts";
import { turnwiseField } from "../turnwise-field.ts";
import { contentPart, type ItemIds, newItemIds, outputItem } from "./output-items.ts";

export interface ResponsesAnswer {
  /** The response before anything was generated: its id, and the request's settings. */
  readonly opened: ResponseObject;
  readonly segments: TurnSegments;
  readonly callIds: CallIds;
  readonly ignored: readonly string[];
  /** Called with the response once it has ended, whole or at a limit. */
  readonly onEnd: (response: ResponseObject) => void;
}

/** Numbers an event, which has the fields that its type has. */
type SequencedEvent = <Type extends ResponseEvent["type"]>(
  type: Type,
  fields: Omit<Extract<ResponseEvent, { readonly type: Type }>, "type" | "sequence_number">,
) => ServerEvent;

export function responsesWriter(
  scope: RequestScope,
  { opened, segments, callIds, ignored, onEnd }: ResponsesAnswer,
): ResponseWriter {
  /** Of each segment, made when it opens. */
  const ids: ItemIds[] = [];
  let sequence = 0;
  let started = false;
  let reason: FinishReason = "stop";

  const event: SequencedEvent = (type, fields) => dataEvent({ type, sequence_number: sequence++, ...fields }, type);
  const idsOf = ({ index }: Segment): ItemIds => ids[index] ?? { id: "", callId: "" };

  function end(usage: GenerationUsage): ResponseObject & { readonly status: "completed" | "incomplete" } {
    const complete = reason === "stop";
    const response = {
      ...opened,
      status: complete ? "completed" : "incomplete",
      incomplete_details: complete ? null : { reason: "max_output_tokens" },
      output: segments.all.map((segment) => outputItem(segment, idsOf(segment), statusOf(segment))),
      usage: formatUsage(usage, segments.thoughtTokens),
      ...turnwiseField(scope, ignored),
    } as const satisfies ResponseObject;
    onEnd(response);
    return response;
  }

  function* start(): Generator<ServerEvent> {
    if (started) return;
    started = true;
    yield event("response.created", { response: opened });
    yield event("response.in_progress", { response: opened });
  }

  function* tell(events: Iterable<SegmentEvent>): Generator<ServerEvent> {
    for (const given of events) {
      const { segment } = given;
      const place = { output_index: segment.index };
      if (given.kind === "open") {
        ids.push(newItemIds(segment, callIds));
        yield event("response.output_item.added", {
          ...place,
          item: outputItem(segment, idsOf(segment), "in_progress"),
        });
        yield* openPart(segment, idsOf(segment).id, event);
      } else if (given.kind === "add") {
        yield addToPart(segment, given.text, idsOf(segment).id, event);
      } else {
        yield* closePart(segment, idsOf(segment).id, event);
        const item = outputItem(segment, idsOf(segment), statusOf(segment));
        yield event("response.output_item.done", { ...place, item });
      }
    }
  }

  function* part(given: StreamPart): Generator<ServerEvent> {
    yield* start();
    switch (given.kind) {
      case "prefill":
        return;
      case "delta":
        yield* tell(segments.push(given));
        return;
      case "finish":
        ({ reason } = given);
        yield* tell(segments.finish(given));
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
        ({ reason } = output);
        for (const given of segments.read(output)) {
          if (given.kind === "open") ids.push(newItemIds(given.segment, callIds));
        }
      }
      return end(usage);
    },
    part,
    *error(failure, requestId) {
      yield* start();
      const { error } = errorBody(failure, requestId);
      yield event("error", { code: error.code, message: error.message, param: error.param });
      const response: ResponseObject = {
        ...opened,
        status: "failed",
        error: { code: "server_error", message: error.message },
      };
      yield event("response.failed", { response });
    },
    close: () => [],
  };
}

const statusOf = ({ incomplete }: Segment): OutputItem["status"] => (incomplete ? "incomplete" : "completed");
const placeOf = ({ index }: Segment, id: string) => ({ item_id: id, output_index: index, content_index: 0 });

function* openPart(segment: Segment, id: string, event: SequencedEvent): Generator<ServerEvent> {
  const part = contentPart(segment.kind, "");
  if (part !== null) yield event("response.content_part.added", { ...placeOf(segment, id), part });
}

function addToPart(segment: Segment, delta: string, id: string, event: SequencedEvent): ServerEvent {
  const place = placeOf(segment, id);
  switch (segment.kind) {
    case "text":
      return event("response.output_text.delta", { ...place, delta, logprobs: [] });
    case "reasoning":
      return event("response.reasoning_text.delta", { ...place, delta });
    case "call":
      return event("response.function_call_arguments.delta", { item_id: id, output_index: segment.index, delta });
    default:
      return segment.kind satisfies never;
  }
}

function* closePart(segment: Segment, id: string, event: SequencedEvent): Generator<ServerEvent> {
  const place = placeOf(segment, id);
  const { kind, text, name, index } = segment;
  if (kind === "text") {
    yield event("response.output_text.done", { ...place, text, logprobs: [] });
  } else if (kind === "reasoning") {
    yield event("response.reasoning_text.done", { ...place, text });
  } else {
    const done = { item_id: id, output_index: index, name, arguments: text };
    yield event("response.function_call_arguments.done", done);
  }
  const part = contentPart(kind, text);
  if (part !== null) yield event("response.content_part.done", { ...place, part });
}

function formatUsage(
  { promptTokens, outputTokens, cachedTokens }: GenerationUsage,
  reasoningTokens: number,
): ResponseUsage {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: promptTokens + outputTokens,
  };
}
