/**
 * From the sampled tokens of one choice to the deltas a reader sees. Text goes out when it is certain:
 * whole characters that cannot belong to a stop string. A token goes out with the delta in which its
 * own text becomes certain.
 */

import type { WireDelta, WireToken } from "../threads/step-messages.ts";
import type { FinishReason, TokenCut } from "../types.ts";

/** Turns ids to text; never gives half a character. `text/` has the real one. */
export interface TokenDecoder {
  push(token: number): string;
  /** What is left, incomplete characters as U+FFFD. */
  flush(): string;
  /** Bytes of an unfinished character are held back. */
  readonly hasPartial: boolean;
}

/** Finds stop strings across pieces; `text/` has the real one. */
export interface StopMatcher {
  /** Text that is certainly not part of a stop string, and the stop string found, after which all is ignored. */
  push(text: string): { readonly emit: string; readonly stopped: string | null };
  flush(): string;
}

/** What ends a choice with its next token. */
export interface TokenLimits {
  readonly maxTokens: number;
  readonly endTokens: ReadonlySet<number>;
}

export interface Finish {
  readonly reason: FinishReason;
  readonly stopString: string | null;
  readonly cut: TokenCut | null;
}

interface HeldToken {
  readonly piece: WireToken;
  /** Characters that are the text of those before it: what they leave unfinished is one. */
  readonly begin: number;
  /** Characters that must be out before the token may be. */
  readonly end: number;
}

export class ChoiceOutput {
  readonly #choice: number;
  readonly #limits: TokenLimits;
  readonly #decoder: TokenDecoder;
  readonly #stops: StopMatcher | null;
  #held: HeldToken[] = [];
  #decodedCharacters = 0;
  /** Of the last token's text. */
  #end = 0;
  #emittedCharacters = 0;
  #tokens = 0;

  constructor(choice: number, limits: TokenLimits, decoder: TokenDecoder, stops: StopMatcher | null) {
    this.#choice = choice;
    this.#limits = limits;
    this.#decoder = decoder;
    this.#stops = stops;
  }

  /** Tokens generated, end tokens included. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Takes the next token, `whole` where its text may not go on; gives the delta that is ready, if any, and why the choice ends, if it does. */
  push(piece: WireToken, whole = false): { readonly delta: WireDelta | null; readonly finish: Finish | null } {
    this.#tokens += 1;
    const ended = this.#limits.endTokens.has(piece.token);
    let text = ended ? "" : this.#decoder.push(piece.token);
    const last = ended || whole || this.#tokens >= this.#limits.maxTokens;
    if (last) text += this.#decoder.flush();
    this.#decodedCharacters += text.length;
    const begin = this.#end;
    this.#end = this.#decodedCharacters + (this.#decoder.hasPartial ? 1 : 0);
    this.#held.push({ piece, begin, end: this.#end });

    let { emit, stopped } = this.#stops === null ? { emit: text, stopped: null } : this.#stops.push(text);
    if (last && stopped === null && this.#stops !== null) emit += this.#stops.flush();
    this.#emittedCharacters += emit.length;
    const finish = stopped === null ? finishOf(ended || whole, last) : this.#stop(stopped);
    return { delta: this.#delta(emit, finish !== null), finish };
  }

  /** Tokens that are out have all of their text in the output; those that are held need not. */
  #stop(stopString: string): Finish {
    const kept = this.#held.findIndex(({ end }) => end > this.#emittedCharacters);
    const begin = this.#held[kept]?.begin ?? this.#emittedCharacters;
    const cut = { tokens: this.#held.length - kept, characters: this.#emittedCharacters - begin };
    return { reason: "stop", stopString, cut };
  }

  #delta(text: string, all: boolean): WireDelta | null {
    const tokens: WireToken[] = [];
    for (const { piece, end } of this.#held) {
      if (!all && end > this.#emittedCharacters) break;
      tokens.push(piece);
    }
    if (tokens.length === 0 && text === "") return null;
    this.#held = tokens.length === this.#held.length ? [] : this.#held.slice(tokens.length);
    return { kind: "delta", choice: this.#choice, text, tokens };
  }
}

function finishOf(ended: boolean, last: boolean): Finish | null {
  if (!ended && !last) return null;
  return { reason: ended ? "stop" : "length", stopString: null, cut: null };
}
