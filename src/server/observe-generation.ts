/** Passes a generation on while it fills in the request's log line and the metrics. */

import { at } from "../base/invariant.ts";
import type { FinishReason, Generation, StreamPart, TokenPiece } from "../engine/types.ts";
import type { ServerMetrics } from "./metrics/server-metrics.ts";
import type { RequestScope } from "./request-scope.ts";

/** The parts of `generation`. Throws the reason of the request's cancellation, if it was cancelled. */
export async function* observeGeneration(
  generation: Generation,
  scope: RequestScope,
  metrics: ServerMetrics,
): AsyncGenerator<StreamPart> {
  scope.promptTokens = generation.promptTokens;
  /** When each choice's last delta came. */
  const lastMs: number[] = [];
  try {
    for await (const part of generation) {
      const nowMs = scope.elapsedMs();
      switch (part.kind) {
        case "prefill":
          break;
        case "delta": {
          const previousMs = lastMs[part.choice];
          if (lastMs.length === 0) metrics.firstToken(nowMs);
          if (previousMs !== undefined) metrics.nextTokens(nowMs - previousMs, part.tokens.length);
          lastMs[part.choice] = nowMs;
          break;
        }
        case "finish":
          metrics.choiceFinished(part.reason);
          break;
        case "end":
          scope.usage = part.usage;
          scope.timings = part.timings;
          metrics.generationEnded(part.usage, part.timings, nowMs);
          break;
        default:
          part satisfies never;
      }
      yield part;
    }
  } catch (thrown) {
    throw scope.failure(thrown);
  }
}

/** Text and the tokens that became it. */
export interface Delta {
  readonly text: string;
  readonly tokens: readonly TokenPiece[];
}

/** One choice, complete. */
export interface ChoiceOutput {
  readonly deltas: readonly Delta[];
  readonly reason: FinishReason;
}

export function textOf({ deltas }: ChoiceOutput): string {
  return deltas.map(({ text }) => text).join("");
}

/** All of a generation that is answered at once. */
export async function collectChoices(parts: AsyncIterable<StreamPart>, choices: number): Promise<ChoiceOutput[]> {
  const outputs = Array.from({ length: choices }, () => ({ deltas: [] as Delta[], reason: "stop" as FinishReason }));
  for await (const part of parts) {
    if (part.kind === "delta") at(outputs, part.choice).deltas.push(part);
    else if (part.kind === "finish") at(outputs, part.choice).reason = part.reason;
  }
  return outputs;
}
