/** Answers a request with a generation that was admitted: one JSON body, or a stream of events. */

import { createHash, randomUUID } from "node:crypto";
import type { EngineApi, Generation, StreamPart } from "../engine/types.ts";
import { turnwiseError } from "../base/errors.ts";
import { packageVersion } from "../native/native-paths.ts";
import { errorBody } from "./error-map.ts";
import { DONE_EVENT, dataEvent, eventStream } from "./event-stream.ts";
import { formatUsage } from "./generation-format.ts";
import type { FormattedChoice, GenerationFormat } from "./generation-format.ts";
import { collectChoices, observeGeneration } from "./observe-generation.ts";
import { servedModelId } from "./server-context.ts";
import type { EngineRequest } from "./server-context.ts";

export interface GenerationAnswer {
  readonly format: GenerationFormat;
  readonly choices: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Fields of the request that were accepted and not used. */
  readonly ignored: readonly string[];
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
  return http.json({
    ...answerHead(request, answer.format, answer.format.object),
    choices: outputs.map((output, index) => answer.format.complete(index, output)),
    ...(scope.usage === null ? {} : { usage: formatUsage(scope.usage) }),
    ...ignoredField(answer.ignored),
  });
}

function streamResponse({ scope, server, http }: EngineRequest, events: AsyncIterable<string>): Response {
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
  request: EngineRequest,
  answer: GenerationAnswer,
  parts: AsyncIterable<StreamPart>,
): AsyncGenerator<string> {
  const { format, includeUsage } = answer;
  const head = answerHead(request, format, format.chunkObject);
  const chunk = (choices: readonly FormattedChoice[], extra: object = {}): string =>
    dataEvent({ ...head, choices, ...(includeUsage ? { usage: null } : {}), ...extra });
  const opened = new Set<number>();
  let unfinished = answer.choices;
  try {
    for await (const part of parts) {
      if (part.kind === "delta" || part.kind === "finish") {
        const opening = opened.has(part.choice) ? null : format.open(part.choice);
        opened.add(part.choice);
        if (opening !== null) yield chunk([opening]);
      }
      if (part.kind === "delta") {
        const delta = format.delta(part.choice, part.text, part.tokens);
        if (delta !== null) yield chunk([delta]);
      } else if (part.kind === "finish") {
        unfinished -= 1;
        const last = unfinished === 0 && !includeUsage;
        yield chunk([format.finish(part.choice, part.reason)], last ? ignoredField(answer.ignored) : {});
      } else if (part.kind === "end" && includeUsage) {
        yield chunk([], { usage: formatUsage(part.usage), ...ignoredField(answer.ignored) });
      }
    }
  } catch (thrown) {
    // The status is sent; OpenAI's clients raise an event with an `error`. A client that left reads nothing.
    yield dataEvent(errorBody(request.scope.failure(thrown), request.scope.id));
  }
  yield DONE_EVENT;
}

/** What every answer and chunk begins with. */
function answerHead({ engine, server }: EngineRequest, format: GenerationFormat, object: string): object {
  return {
    id: format.idPrefix + randomUUID().replaceAll("-", ""),
    object,
    created: Math.floor(Date.now() / 1000),
    model: servedModelId(engine, server.options),
    system_fingerprint: systemFingerprint(engine),
  };
}

/** Same fingerprint, request and seed: same answer. */
function systemFingerprint({ model, capacity }: EngineApi): string {
  const parts = [packageVersion(), model.id, model.fileBytes, model.parameters, capacity.backend, capacity.kvType];
  return `fp_${createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12)}`;
}

/** Absent where nothing was ignored: the answer is then exactly OpenAI's. */
export function ignoredField(ignored: readonly string[]): object {
  return ignored.length === 0 ? {} : { turnwise: { ignored } };
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
