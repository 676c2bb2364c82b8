/** Answers a request with a generation that was admitted: one JSON body, or a stream of events. */

import { invariant } from "../base/invariant.ts";
import type { Generation, StreamPart } from "../engine/types.ts";
import { turnwiseError } from "../base/errors.ts";
import { eventStream } from "./event-stream.ts";
import type { ServerEvent } from "./event-stream.ts";
import { collectChoices, observeGeneration } from "./observe-generation.ts";
import type { ResponseWriter } from "./response-writer.ts";
import type { EngineRequest } from "./server-context.ts";

export interface GenerationAnswer {
  readonly writer: ResponseWriter;
  readonly choices: number;
  readonly stream: boolean;
  /** As the model saw it, for `--log-prompts`. */
  readonly prompt: string | Int32Array;
}

export async function respondWithGeneration(
  request: EngineRequest,
  generation: Generation,
  answer: GenerationAnswer,
): Promise<Response> {
  const { scope, server, http } = request;
  const parts = logContent(request, answer, observeGeneration(generation, scope, server.metrics));
  if (answer.stream) return streamResponse(request, streamEvents(request, answer, parts));
  const outputs = await collectChoices(parts, answer.choices);
  invariant(scope.usage !== null, "a generation that ends reports its usage");
  return http.json(answer.writer.answer(outputs, scope.usage));
}

function streamResponse({ scope, server, http }: EngineRequest, events: AsyncIterable<ServerEvent>): Response {
  scope.streaming = true;
  scope.status = 200;
  const body = eventStream(events, {
    pingMs: server.options.pingInterval,
    onCancel: () => scope.cancel(turnwiseError("cancelled")),
    onEnd: () => scope.end(),
  });
  return http.body(body, 200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    // nginx would collect events before it passes them on.
    "x-accel-buffering": "no",
    // Tells the adapter to send the headers at once.
    "transfer-encoding": "chunked",
  });
}

async function* streamEvents(
  { scope }: EngineRequest,
  { writer }: GenerationAnswer,
  parts: AsyncIterable<StreamPart>,
): AsyncGenerator<ServerEvent> {
  try {
    for await (const part of parts) yield* writer.part(part);
  } catch (thrown) {
    // The status is sent, so the error is an event. A client that left reads nothing.
    yield* writer.error(scope.failure(thrown), scope.id);
  }
  yield* writer.close();
}

/** With `--log-prompts`, a line with the prompt and what was generated of each choice. */
async function* logContent(
  { scope, server }: EngineRequest,
  { prompt, choices }: GenerationAnswer,
  parts: AsyncIterable<StreamPart>,
): AsyncGenerator<StreamPart> {
  if (!server.options.logPrompts) {
    yield* parts;
    return;
  }
  const outputs = Array.from({ length: choices }, () => "");
  try {
    for await (const part of parts) {
      if (part.kind === "delta") outputs[part.choice] = (outputs[part.choice] ?? "") + part.text;
      yield part;
    }
  } finally {
    const shown = typeof prompt === "string" ? prompt : [...prompt];
    server.logger.info({ id: scope.id, prompt: shown, outputs }, "content");
  }
}
