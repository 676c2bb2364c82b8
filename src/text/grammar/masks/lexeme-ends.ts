/** Tokens that end a lexeme inside themselves, by the lexeme's mask and by the stack that decides what may follow. */

/** Held at once by one grammar, 4 bytes each. */
const MAX_TOKENS = 1 << 20;
/** What an entry takes beside its tokens, in tokens. */
const ENTRY_TOKENS = 32;

export class LexemeEnds {
  readonly #tokens = new Map<number, Int32Array>();
  #size = 0;

  get(mask: number, stack: number): Int32Array | undefined {
    return this.#tokens.get(keyOf(mask, stack));
  }

  set(mask: number, stack: number, tokens: Int32Array): void {
    this.#size += tokens.length + ENTRY_TOKENS;
    if (this.#size > MAX_TOKENS) {
      this.#tokens.clear();
      this.#size = tokens.length + ENTRY_TOKENS;
    }
    this.#tokens.set(keyOf(mask, stack), tokens);
  }
}

/** Stacks number frames that are held in memory: below 2^22. */
function keyOf(mask: number, stack: number): number {
  return mask * 2 ** 22 + stack;
}
