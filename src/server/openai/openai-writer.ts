/** OpenAI's envelope around the choices of chat and text completions, whole and streamed. */

import { createHash, randomUUID } from "node:crypto";
import type { EngineApi, GenerationUsage } from "../../engine/types.ts";
import { packageVersion } from "../../native/native-paths.ts";
import type { CompletionUsage } from "../answers/openai-envelope.ts";
import { errorBody } from "../error-map.ts";
import { dataEvent } from "../event-stream.ts";
import type { ServerEvent } from "../event-stream.ts";
import type { ResponseWriter } from "../response-writer.ts";
import { servedModelId } from "../server-context.ts";
import type { EngineRequest } from "../server-context.ts";
import { turnwiseField } from "../turnwise-field.ts";
import type { FormattedChoice, GenerationFormat } from "./generation-format.ts";

export interface OpenAiAnswer {
  readonly format: GenerationFormat;
  readonly choices: number;
  readonly includeUsage: boolean;
  /** Fields of the request that were accepted and not used. */
  readonly ignored: readonly string[];
}

const DONE: ServerEvent = { name: null, data: "[DONE]" };

export function openAiWriter(request: EngineRequest, answer: OpenAiAnswer): ResponseWriter {
  const { format, includeUsage, ignored } = answer;
  const head = (object: string): object => answerHead(request, format.idPrefix, object);
  const chunkHead = head(format.chunkObject);
  const chunk = (choices: readonly FormattedChoice[], extra: object = {}): ServerEvent =>
    dataEvent({ ...chunkHead, choices, ...(includeUsage ? { usage: null } : {}), ...extra });
  const opened = new Set<number>();
  let unfinished = answer.choices;
  let lastFinish: FormattedChoice | null = null;

  function* open(index: number): Generator<ServerEvent> {
    const opening = opened.has(index) ? null : format.open(index);
    opened.add(index);
    if (opening !== null) yield chunk([opening]);
  }

  return {
    answer(outputs, usage) {
      const choices = outputs.map((output, index) => format.complete(index, output));
      return {
        ...head(format.object),
        choices,
        usage: formatUsage(usage, format.reasoningTokens()),
        ...turnwiseField(request.scope, ignored),
      };
    },
    *part(part) {
      switch (part.kind) {
        case "prefill":
          return;
        case "delta": {
          yield* open(part.choice);
          const delta = format.delta(part.choice, part.text, part.tokens);
          if (delta !== null) yield chunk([delta]);
          return;
        }
        case "finish": {
          yield* open(part.choice);
          unfinished -= 1;
          const finish = format.finish(part.choice, part);
          // The last one waits for the end, which comes at once and says what it took.
          if (unfinished > 0 || includeUsage) yield chunk([finish]);
          else lastFinish = finish;
          return;
        }
        case "end":
          yield chunk(lastFinish === null ? [] : [lastFinish], {
            ...(includeUsage ? { usage: formatUsage(part.usage, format.reasoningTokens()) } : {}),
            ...turnwiseField(request.scope, ignored),
          });
          return;
        default:
          part satisfies never;
      }
    },
    // OpenAI's clients raise an event that has an `error`.
    error: (error, requestId) => [dataEvent(errorBody(error, requestId))],
    close: () => [DONE],
  };
}

/** What every answer and chunk begins with. */
function answerHead({ engine, server }: EngineRequest, idPrefix: string, object: string): object {
  return {
    id: idPrefix + randomUUID().replaceAll("-", ""),
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

function formatUsage(usage: GenerationUsage, reasoningTokens: number | null): CompletionUsage {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.promptTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
    ...(reasoningTokens === null ? {} : { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  };
}
