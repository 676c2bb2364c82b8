/**
 * A body that several clients read, each from its beginning, while it still comes. All of it is kept, up to a
 * limit; a longer one can no longer be given from its beginning, and comes at the speed of its slowest reader.
 */

/** Bytes that a body beyond the limit may be ahead of its slowest reader. */
const MAX_AHEAD_BYTES = 64 * 1024;

interface Reader {
  /** Index of the next chunk, counted from the body's first. */
  next: number;
}

export class RecordedBody {
  readonly #limitBytes: number;
  readonly #readers = new Set<Reader>();
  /** From chunk `#dropped` on. */
  #chunks: Uint8Array[] = [];
  #dropped = 0;
  #heldBytes = 0;
  #allBytes = 0;
  #isWhole = false;
  /** Called when there is a chunk more, or a reader has read one, or left. */
  #onChange: (() => void)[] = [];

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** In memory now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** It can be given from its beginning. */
  get isKept(): boolean {
    return this.#allBytes <= this.#limitBytes;
  }

  /** Reads `source` to its end, which it does not outlive. */
  async record(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of source) {
        this.#chunks.push(chunk);
        this.#heldBytes += chunk.length;
        this.#allBytes += chunk.length;
        this.#change();
        await this.#room();
      }
    } finally {
      this.#isWhole = true;
      this.#change();
    }
  }

  /** All of it; `isKept`. Ends early when `leave` aborts. */
  async *read(leave: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
    const reader: Reader = { next: 0 };
    this.#readers.add(reader);
    const left = (): void => this.#change();
    leave.addEventListener("abort", left, { once: true });
    try {
      while (!leave.aborted) {
        const chunk = this.#chunks[reader.next - this.#dropped];
        if (chunk !== undefined) {
          yield chunk;
          reader.next += 1;
          this.#change();
        } else if (this.#isWhole) return undefined;
        else await this.#changed();
      }
      return undefined;
    } finally {
      leave.removeEventListener("abort", left);
      this.#readers.delete(reader);
      this.#change();
    }
  }

  /** Resolves at once while everything is kept. */
  async #room(): Promise<void> {
    while (!this.isKept) {
      const slowest = Math.min(...[...this.#readers].map(({ next }) => next), this.#dropped + this.#chunks.length);
      for (const { length } of this.#chunks.splice(0, slowest - this.#dropped)) this.#heldBytes -= length;
      this.#dropped = slowest;
      if (this.#heldBytes <= MAX_AHEAD_BYTES) return;
      await this.#changed();
    }
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#onChange.push(resolve));
  }

  #change(): void {
    for (const resolve of this.#onChange.splice(0)) resolve();
  }
}
