/** From a prompt and what was generated to a finished turn. */

import type { GenerationTimings, GenerationUsage, StreamPart, TokenPiece } from "../engine/types.ts";
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
  #finish: Extract<StreamPart, { kind: "finish" }> | null = null;

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
    // What a stop string took is not in the text, and so not in the ledger.
    const cut = this.#finish.cut ?? { tokens: 0, characters: 0 };
    const kept = this.#tokens.slice(0, this.#tokens.length - cut.tokens);
    const ledger = new Int32Array(tokens.length + kept.length);
    ledger.set(tokens);
    for (const [index, { token }] of kept.entries()) ledger[tokens.length + index] = token;
    return {
      id,
      frame: prompt.frame,
      messages: [...prompt.messages, reply],
      promptText: prompt.text,
      ledger,
      pendingText: this.#text.slice(this.#text.length - cut.characters),
      cacheKey,
      usage,
      timings,
      miss: prompt.basis === null ? null : missOf(prompt.basis, tokens, usage.cachedTokens, cacheKey),
      departure: prompt.basis?.departure ?? null,
    };
  }
}
