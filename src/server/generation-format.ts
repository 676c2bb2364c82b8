/** How one API writes a generation: what differs between chat and text completions. */

import type { FinishReason, GenerationUsage, TokenPiece } from "../engine/types.ts";
import type { ChoiceOutput } from "./observe-generation.ts";

/** An entry of `choices` in an answer or in a chunk; every API gives it at least an index. */
export interface FormattedChoice {
  readonly index: number;
}

export interface GenerationFormat {
  readonly idPrefix: string;
  /** `object` of an answer and of a chunk. */
  readonly object: string;
  readonly chunkObject: string;
  /** What comes before a choice's first delta, or null. */
  open(index: number): FormattedChoice | null;
  /** Null where this API shows nothing of it. */
  delta(index: number, text: string, tokens: readonly TokenPiece[]): FormattedChoice | null;
  finish(index: number, reason: FinishReason): FormattedChoice;
  complete(index: number, output: ChoiceOutput): FormattedChoice;
}

/** OpenAI's `usage`. */
export function formatUsage(usage: GenerationUsage): object {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.promptTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
  };
}

/** Whether log-probabilities list this token; OpenAI leaves out the end token that ended the output. */
export type TokenFilter = (piece: TokenPiece) => boolean;

export function outputTokensOnly(endTokens: readonly number[], ignoreEos: boolean): TokenFilter {
  return ignoreEos ? () => true : ({ token }) => !endTokens.includes(token);
}
