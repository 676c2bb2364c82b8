/** How a choice of a generation is written: what differs between OpenAI's chat and text completions. */

import type { TokenPiece } from "../../engine/types.ts";
import type { ChoiceEnd, ChoiceOutput } from "../observe-generation.ts";

/** An entry of `choices` in an answer or in a chunk; every API gives it at least an index. */
export interface FormattedChoice {
  readonly index: number;
}

export interface GenerationFormat<
  Choice extends FormattedChoice = FormattedChoice,
  ChunkChoice extends FormattedChoice = FormattedChoice,
> {
  readonly idPrefix: string;
  /** `object` of an answer and of a chunk. */
  readonly object: string;
  readonly chunkObject: string;
  /** What comes before a choice's first delta, or null. */
  open(index: number): ChunkChoice | null;
  /** Null where this API shows nothing of it. */
  delta(index: number, text: string, tokens: readonly TokenPiece[]): ChunkChoice | null;
  finish(index: number, end: ChoiceEnd): ChunkChoice;
  complete(index: number, output: ChoiceOutput): Choice;
  /** Tokens of the thoughts of all choices so far; null where the text is not read for thoughts. */
  reasoningTokens(): number | null;
}

/** Whether log-probabilities list this token; OpenAI leaves out the end token that ended the output. */
export type TokenFilter = (piece: TokenPiece) => boolean;

export function outputTokensOnly(endTokens: readonly number[], ignoreEos: boolean): TokenFilter {
  return ignoreEos ? () => true : ({ token }) => !endTokens.includes(token);
}
