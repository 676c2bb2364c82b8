/** Text for tests without a vocabulary: token i is the letter "a" + i. */

import type { TextPorts } from "../../src/engine/step/active-order.ts";
import type { StopMatcher, TokenDecoder } from "../../src/engine/step/choice-output.ts";

export function lettersOf(tokens: Iterable<number>): string {
  return Array.from(tokens, (token) => String.fromCharCode(97 + token)).join("");
}

export function tokensOf(text: string): Int32Array {
  return Int32Array.from(text, (letter) => letter.charCodeAt(0) - 97);
}

export function letterText(endTokens: readonly number[] = []): TextPorts {
  return {
    endTokens: new Set(endTokens),
    decoder: () => new LetterDecoder(),
    stopMatcher: (stop) => new NaiveStopMatcher(stop),
    constraint: () => ({
      fill: () => false,
      accept: () => undefined,
      prepare: () => new Int32Array(0),
      close: () => undefined,
      isFinished: false,
      isShortened: false,
    }),
  };
}

class LetterDecoder implements TokenDecoder {
  readonly hasPartial = false;
  push(token: number): string {
    return lettersOf([token]);
  }
  flush(): string {
    return "";
  }
}

/** Looks at all the text again each time. */
class NaiveStopMatcher implements StopMatcher {
  readonly #stops: readonly string[];
  #text = "";
  #emitted = 0;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  push(text: string): { emit: string; stopped: string | null } {
    this.#text += text;
    const found = this.#stops
      .map((stop) => ({ stop, at: this.#text.indexOf(stop) }))
      .filter(({ at }) => at >= 0)
      .toSorted((a, b) => a.at - b.at)[0];
    if (found !== undefined) return { emit: this.#take(found.at), stopped: found.stop };
    let certain = this.#text.length;
    for (const stop of this.#stops) {
      for (let length = 1; length < stop.length; length++) {
        if (this.#text.endsWith(stop.slice(0, length))) certain = Math.min(certain, this.#text.length - length);
      }
    }
    return { emit: this.#take(certain), stopped: null };
  }

  flush(): string {
    return this.#take(this.#text.length);
  }

  #take(end: number): string {
    const emit = this.#text.slice(this.#emitted, end);
    this.#emitted = Math.max(this.#emitted, end);
    return emit;
  }
}
