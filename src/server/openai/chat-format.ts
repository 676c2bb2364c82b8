/** `chat.completion` and its chunks (https://platform.openai.com/docs/api-reference/chat/object). */

import type { TokenPiece } from "../../engine/types.ts";
import type { GenerationFormat, TokenFilter } from "./generation-format.ts";
import { textOf } from "../observe-generation.ts";
import { jsonLogprob, tokenText } from "../token-text.ts";

/** `listed` is null where no log-probabilities were asked for. */
export function chatFormat(listed: TokenFilter | null): GenerationFormat {
  const logprobs = (tokens: readonly TokenPiece[]): object | null =>
    listed === null ? null : { content: tokens.filter(listed).map(formatToken), refusal: null };
  return {
    idPrefix: "chatcmpl-",
    object: "chat.completion",
    chunkObject: "chat.completion.chunk",
    open: (index) => ({
      index,
      delta: { role: "assistant", content: "", refusal: null },
      logprobs: null,
      finish_reason: null,
    }),
    delta: (index, text, tokens) =>
      text === "" && (listed === null || !tokens.some(listed))
        ? null
        : { index, delta: { content: text }, logprobs: logprobs(tokens), finish_reason: null },
    finish: (index, reason) => ({ index, delta: {}, logprobs: null, finish_reason: reason }),
    complete: (index, output) => ({
      index,
      message: { role: "assistant", content: textOf(output), refusal: null },
      logprobs: logprobs(output.deltas.flatMap(({ tokens }) => tokens)),
      finish_reason: output.reason,
    }),
  };
}

function formatToken({ bytes, logprob, top }: TokenPiece): object {
  return {
    ...formatCandidate(bytes, logprob),
    top_logprobs: (top ?? []).map((candidate) => formatCandidate(candidate.bytes, candidate.logprob)),
  };
}

function formatCandidate(bytes: Uint8Array, logprob: number | undefined): object {
  return { token: tokenText(bytes), logprob: jsonLogprob(logprob), bytes: [...bytes] };
}
