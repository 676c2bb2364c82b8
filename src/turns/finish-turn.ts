/** From a prompt and what was generated to a finished turn. */

import type { FinishReason, GenerationTimings, GenerationUsage, StreamPart, TokenPiece } from "../engine/types.ts";
import type { ChatMessage } from "../text/template/types.ts";
import { missOf } from "./miss.ts";
import type { Turn, TurnPrompt } from "./turn.ts";

/** All of a turn but the tokens of its reply. */
export interface FinishedTurn {
  readonly id: string;
  readonly prompt: TurnPrompt;
  /** The prompt as it was accepted. */
  readonly tokens: Int32Array;
  /** The message that the client was given. */
  readonly reply: ChatMessage;
  readonly cacheKey: string;
  readonly usage: GenerationUsage;
  readonly timings: GenerationTimings;
}

/** Collects the only choice of a generation as its parts pass. */
export class ReplyRecorder {
  readonly #tokens: TokenPiece[] = [];
  #text = "";
  #finish: { readonly reason: FinishReason; readonly stopString: string | null } | null = null;

  see(part: StreamPart): void {
    if (part.kind === "delta") {
      this.#text += part.text;
      this.#tokens.push(...part.tokens);
    } else if (part.kind === "finish") this.#finish = part;
  }

  get text(): string {
    return this.#text;
  }

  /** The token limit or a stop string ended it. */
  get isCut(): boolean {
    return this.#finish?.reason === "length" || (this.#finish?.stopString ?? null) !== null;
  }

  /** The turn that `made` of its prompt; null unless the generation has finished. */
  finish(made: FinishedTurn): Turn | null {
    if (this.#finish === null) return null;
    const { id, prompt, tokens, reply, cacheKey, usage, timings } = made;
    const { kept, pendingText } =
      this.#finish.stopString === null ? wholeReply(this.#tokens) : cutReply(this.#tokens, this.#text);
    const ledger = new Int32Array(tokens.length + kept.length);
    ledger.set(tokens);
    for (const [index, { token }] of kept.entries()) ledger[tokens.length + index] = token;
    return {
      id,
      frame: prompt.frame,
      messages: [...prompt.messages, reply],
      promptText: prompt.text,
      ledger,
      pendingText,
      cacheKey,
      usage,
      timings,
      miss: prompt.basis === null ? null : missOf(prompt.basis, tokens, usage.cachedTokens, cacheKey),
      departure: prompt.basis?.departure ?? null,
    };
  }
}

interface KeptReply {
  readonly kept: readonly TokenPiece[];
  readonly pendingText: string;
}

function wholeReply(tokens: readonly TokenPiece[]): KeptReply {
  return { kept: tokens, pendingText: "" };
}

/** Only the tokens whose text the client was given, and the rest of that text. */
function cutReply(tokens: readonly TokenPiece[], text: string): KeptReply {
  const bytes = Buffer.from(text);
  let length = 0;
  let count = 0;
  for (const piece of tokens) {
    if (length + piece.bytes.length > bytes.length) break;
    length += piece.bytes.length;
    count += 1;
  }
  return { kept: tokens.slice(0, count), pendingText: bytes.subarray(length).toString() };
}
