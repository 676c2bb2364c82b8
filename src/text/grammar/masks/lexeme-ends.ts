/** Tokens that end a lexeme inside themselves, by the lexeme's mask and by the stack that decides what may follow. */

/** Held at once by one grammar, 8 bytes each. */
const MAX_TOKENS = 1 << 20;
/** What an entry takes beside its tokens, in tokens. */
const ENTRY_TOKENS = 32;

export interface EndTokens {
  readonly tokens: Int32Array;
  /** By token: how many more bring the text behind it to its end; null where nobody has asked. */
  readonly left: Float64Array | null;
  /** The most of `left`. */
  readonly mostLeft: number;
}

export class LexemeEnds {
  readonly #entries = new Map<number, EndTokens>();
  #size = 0;

  get(mask: number, stack: number): EndTokens | undefined {
    return this.#entries.get(keyOf(mask, stack));
  }

  set(mask: number, stack: number, entry: EndTokens): void {
    this.#size += entry.tokens.length + ENTRY_TOKENS;
    if (this.#size > MAX_TOKENS) {
      this.#entries.clear();
      this.#size = entry.tokens.length + ENTRY_TOKENS;
    }
    this.#entries.set(keyOf(mask, stack), entry);
  }
}

/** Stacks number frames that are held in memory: below 2^26. */
function keyOf(mask: number, stack: number): number {
  return mask * 2 ** 26 + stack;
}
