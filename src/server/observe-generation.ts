/** Passes a generation on while it fills in the request's log line and the metrics. */

import { record } from "../base/distribution.ts";
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
  scope.meter?.chargeTokens(generation.promptTokens);
  /** When each choice's last delta came. */
  const lastMs: number[] = [];
  try {
    for await (const part of generation) {
      const nowMs = scope.elapsedMs();
      switch (part.kind) {
        case "prefill":
          break;
        case "delta": {
          // Text of tokens that came before.
          if (part.tokens.length === 0) break;
          const previousMs = lastMs[part.choice];
          const tokens = part.tokens.length;
          scope.firstTokenMs ??= nowMs;
          if (previousMs !== undefined) record(scope.tokenGaps, (nowMs - previousMs) / 1000 / tokens, tokens);
          lastMs[part.choice] = nowMs;
          scope.meter?.chargeTokens(tokens);
          break;
        }
        case "finish":
          metrics.choiceFinished(part.reason);
          break;
        case "end":
          scope.usage = part.usage;
          scope.timings = part.timings;
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

/** Why a choice ended. */
export interface ChoiceEnd {
  readonly reason: FinishReason;
  /** The stop string that ended it, or null. */
  readonly stopString: string | null;
}

/** Whether something else than the model ended the answer, so that what it was about to say is not whole. */
export const isCut = ({ reason, stopString }: ChoiceEnd): boolean => reason === "length" || stopString !== null;

/** One choice, complete. */
export interface ChoiceOutput extends ChoiceEnd {
  readonly deltas: readonly Delta[];
}

export function textOf({ deltas }: ChoiceOutput): string {
  return deltas.map(({ text }) => text).join("");
}

/** All of a generation that is answered at once. */
export async function collectChoices(parts: AsyncIterable<StreamPart>, choices: number): Promise<ChoiceOutput[]> {
  const deltas = Array.from({ length: choices }, (): Delta[] => []);
  const ends = Array.from({ length: choices }, (): ChoiceEnd => ({ reason: "stop", stopString: null }));
  for await (const part of parts) {
    if (part.kind === "delta") at(deltas, part.choice).push(part);
    else if (part.kind === "finish") ends[part.choice] = part;
  }
  return ends.map(({ reason, stopString }, index) => ({ deltas: at(deltas, index), reason, stopString }));
}
