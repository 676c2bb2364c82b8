/** `chat.completion` and its chunks (https://platform.openai.com/docs/api-reference/chat/object). */

import { at } from "../../base/invariant.ts";
import type { FinishReason, TokenPiece } from "../../engine/types.ts";
import type {
  ChatChoice,
  ChatChunkChoice,
  ChatLogprobs,
  TokenCandidate,
  TokenLogprob,
} from "../answers/chat-answers.ts";
import { AnswerReader } from "../answer-reader.ts";
import type { GenerationFormat, TokenFilter } from "./generation-format.ts";
import { isCut, textOf } from "../observe-generation.ts";
import type { CallIds } from "../conversation/call-ids.ts";
import type { TurnReader } from "../../text/tools/turn-reader.ts";
import { lastDelta, type TurnDelta, turnDelta, turnMessage } from "./turn-format.ts";
import { jsonLogprob, tokenText } from "../token-text.ts";

export interface ChatFormatOptions {
  /** Null where no log-probabilities were asked for. */
  readonly listed: TokenFilter | null;
  /** Null where all of the output is content. */
  readonly newReader: (() => TurnReader) | null;
  /** Of each choice. */
  readonly callIds: readonly CallIds[];
}

export function chatFormat({
  listed,
  newReader,
  callIds,
}: ChatFormatOptions): GenerationFormat<ChatChoice, ChatChunkChoice> {
  const logprobs = (tokens: readonly TokenPiece[]): ChatLogprobs =>
    listed === null ? null : { content: tokens.filter(listed).map(formatToken), refusal: null };
  const readers = new Map<number, AnswerReader>();
  const readerOf = (index: number): AnswerReader | null => {
    if (newReader === null) return null;
    const reader = readers.get(index) ?? new AnswerReader(newReader());
    readers.set(index, reader);
    return reader;
  };
  return {
    idPrefix: "chatcmpl-",
    object: "chat.completion",
    chunkObject: "chat.completion.chunk",
    open: (index) => ({
      index,
      delta: { role: "assistant", content: newReader === null ? "" : null, refusal: null },
      logprobs: null,
      finish_reason: null,
    }),
    delta(index, text, tokens) {
      const reader = readerOf(index);
      const delta = reader === null ? contentDelta(text) : turnDelta(reader.push({ text, tokens }), at(callIds, index));
      const hidden = listed === null || !tokens.some(listed);
      if (delta === null && hidden) return null;
      return {
        index,
        delta: delta ?? (reader === null ? { content: text } : {}),
        logprobs: logprobs(tokens),
        finish_reason: null,
      };
    },
    finish(index, end) {
      const reader = readerOf(index);
      const delta = reader === null ? {} : lastDelta(reader, isCut(end), at(callIds, index));
      return { index, delta, logprobs: null, finish_reason: reasonOf(reader, end.reason) };
    },
    complete(index, output) {
      const reader = readerOf(index);
      return {
        index,
        message:
          reader === null
            ? { role: "assistant", content: textOf(output), refusal: null }
            : turnMessage(reader, output, at(callIds, index)),
        logprobs: logprobs(output.deltas.flatMap(({ tokens }) => tokens)),
        finish_reason: reasonOf(reader, output.reason),
      };
    },
    reasoningTokens: () => [...readers.values()].reduce((sum, { thoughtTokens }) => sum + thoughtTokens, 0),
  };
}

function contentDelta(text: string): TurnDelta | null {
  return text === "" ? null : { content: text };
}

/** An answer that ends after a call ends so that the client may run it, unless a stop string ended it inside one. */
function reasonOf(reader: AnswerReader | null, reason: FinishReason): FinishReason | "tool_calls" {
  return reason === "stop" && reader !== null && reader.calls > 0 && !reader.isCallOpen ? "tool_calls" : reason;
}

function formatToken({ bytes, logprob, top }: TokenPiece): TokenLogprob {
  return {
    ...formatCandidate(bytes, logprob),
    top_logprobs: (top ?? []).map((candidate) => formatCandidate(candidate.bytes, candidate.logprob)),
  };
}

function formatCandidate(bytes: Uint8Array, logprob: number | undefined): TokenCandidate {
  return { token: tokenText(bytes), logprob: jsonLogprob(logprob), bytes: [...bytes] };
}
