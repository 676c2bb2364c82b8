/** Reads a generation as it comes and keeps the times of its tokens. */

import { turnwiseError } from "../../base/errors.ts";
import type { Generation } from "../../engine/types.ts";

export class StreamReader {
  /** By `performance.now()`. */
  readonly timesMs: number[] = [];
  readonly #generation: Generation;
  readonly #reading: Promise<void>;
  #wanted = Infinity;
  #reached: (() => void) | null = null;

  constructor(generation: Generation) {
    this.#generation = generation;
    this.#reading = this.#read();
    // Whoever waits for tokens hears of it.
    this.#reading.catch(() => undefined);
  }

  /** Resolves when so many tokens have come; rejects where the stream ends before. One at a time may wait. */
  async have(tokens: number): Promise<void> {
    if (this.timesMs.length >= tokens) return;
    const reached = new Promise<void>((resolve) => {
      this.#wanted = tokens;
      this.#reached = resolve;
    });
    await Promise.race([reached, this.#reading]);
    if (this.timesMs.length >= tokens) return;
    throw turnwiseError("engine_failed", { reason: `a stream ended after ${this.timesMs.length} tokens` });
  }

  async stop(): Promise<void> {
    this.#generation.cancel();
    await this.#reading.catch(() => undefined);
  }

  async #read(): Promise<void> {
    for await (const part of this.#generation) {
      if (part.kind !== "delta") continue;
      for (const _ of part.tokens) this.timesMs.push(performance.now());
      if (this.timesMs.length >= this.#wanted) this.#reached?.();
    }
  }
}
