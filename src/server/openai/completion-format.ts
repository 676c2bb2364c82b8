/** `text_completion` (https://platform.openai.com/docs/api-reference/completions/object). */

import type { FinishReason, TokenPiece } from "../../engine/types.ts";
import type { CompletionChoice, CompletionChunkChoice, CompletionLogprobs } from "../answers/completion-answers.ts";
import type { GenerationFormat, TokenFilter } from "./generation-format.ts";
import { textOf } from "../observe-generation.ts";
import type { ChoiceOutput, Delta } from "../observe-generation.ts";
import { codePoints, jsonLogprob, tokenOffsets, tokenText } from "../token-text.ts";

/** `echo` precedes each choice's text; `listed` is null where no log-probabilities were asked for. */
export function completionFormat(
  echo: string,
  listed: TokenFilter | null,
): GenerationFormat<CompletionChoice, CompletionChunkChoice> {
  /** Code points of each choice that were streamed, where `text_offset` needs them. */
  const streamed: number[] = [];
  return {
    idPrefix: "cmpl-",
    object: "text_completion",
    chunkObject: "text_completion",
    open: (index) => (echo === "" ? null : choice(index, echo, null, null)),
    delta(index, text, tokens) {
      if (listed === null) return text === "" ? null : choice(index, text, null, null);
      const begin = streamed[index] ?? 0;
      streamed[index] = begin + codePoints(text);
      const located = locate({ text, tokens }, begin, listed);
      if (text === "" && located.length === 0) return null;
      return choice(index, text, formatLogprobs(located), null);
    },
    finish: (index, { reason }) => choice(index, "", null, reason),
    complete(index, output) {
      const logprobs = listed === null ? null : formatLogprobs(locateAll(output, listed));
      return choice(index, echo + textOf(output), logprobs, output.reason);
    },
    reasoningTokens: () => null,
  };
}

function choice<Reason extends FinishReason | null>(
  index: number,
  text: string,
  logprobs: CompletionLogprobs | null,
  reason: Reason,
) {
  return { index, text, logprobs, finish_reason: reason };
}

/** A token and where its text begins in the choice. */
interface LocatedToken {
  readonly piece: TokenPiece;
  readonly offset: number;
}

/** The listed tokens of a delta whose text begins at `begin`. */
function locate({ text, tokens }: Delta, begin: number, listed: TokenFilter): LocatedToken[] {
  const shown = tokens.filter(listed);
  const offsets = tokenOffsets(shown, text);
  return shown.map((piece, index) => ({ piece, offset: begin + (offsets[index] ?? 0) }));
}

function locateAll({ deltas }: ChoiceOutput, listed: TokenFilter): LocatedToken[] {
  let begin = 0;
  return deltas.flatMap((delta) => {
    const located = locate(delta, begin, listed);
    begin += codePoints(delta.text);
    return located;
  });
}

function formatLogprobs(located: readonly LocatedToken[]): CompletionLogprobs {
  return {
    tokens: located.map(({ piece }) => tokenText(piece.bytes)),
    token_logprobs: located.map(({ piece }) => jsonLogprob(piece.logprob)),
    top_logprobs: located.map(({ piece }) => {
      // OpenAI lists the chosen token as well, so there may be one more than asked for.
      const byText = new Map([[tokenText(piece.bytes), jsonLogprob(piece.logprob)]]);
      for (const { bytes, logprob } of piece.top ?? []) byText.set(tokenText(bytes), jsonLogprob(logprob));
      return Object.fromEntries(byText);
    }),
    text_offset: located.map(({ offset }) => offset),
  };
}
