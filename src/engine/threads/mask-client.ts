/**
 * The step loop's side of the thread that makes masks: started with the first grammar, told at once what
 * was accepted, and asked for the mask one step of the model later. Where it fails or does not answer
 * the step loop makes the masks itself, so that an answer never depends on it; the next generation starts another.
 */

import type { Grammar } from "../../text/grammar/grammar.ts";
import type { PreparedPlace } from "../load/prepared-vocabulary.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";
import { TokenIndex } from "../../text/grammar/token-index.ts";
import type { MaskMaker, MaskStream } from "../step/mask-maker.ts";
import { type MaskPatience, MaskThread } from "./mask-thread.ts";
import { workerEntry } from "./worker-entry.ts";

/** A start and the tries of a large vocabulary take some tenths of a second, a mask a millisecond. */
const PATIENCE: MaskPatience = { startMs: 2000, startLimitMs: 60_000, stillMs: 2000 };
/** One that was lost so often is lost to something that will come again. */
const MAX_STARTS = 3;

export interface MaskClientOptions {
  readonly entry?: URL;
  readonly patience?: MaskPatience;
}

const LOST: MaskStream = { follow: () => undefined, fill: () => null, close: () => undefined };

export class MaskClient implements MaskMaker {
  readonly #vocabulary: VocabularyBytes;
  readonly #place: PreparedPlace | null;
  readonly #entry: URL;
  readonly #patience: MaskPatience;
  readonly #order: Int32Array;
  #index: TokenIndex | null = null;
  #thread: MaskThread | null = null;
  #startsLeft = MAX_STARTS;

  /** `place`: where what the thread works out of the vocabulary is kept; null for nowhere. */
  constructor(vocabulary: VocabularyBytes, place: PreparedPlace | null, options: MaskClientOptions = {}) {
    this.#vocabulary = vocabulary;
    this.#place = place;
    this.#entry = options.entry ?? workerEntry("mask-worker");
    this.#patience = options.patience ?? PATIENCE;
    this.#order = new Int32Array(new SharedArrayBuffer((vocabulary.flags.length + 1) * 4));
  }

  /** No thread makes masks any more: they are made where they are needed. */
  get isLost(): boolean {
    return this.#startsLeft === 0 && this.#thread?.isLost !== false;
  }

  /** Ends the thread, which otherwise ends with the one that started it. */
  async dispose(): Promise<void> {
    this.#startsLeft = 0;
    await this.#thread?.lose();
  }

  open(key: string, grammar: Grammar): MaskStream {
    return this.#running()?.open(key, grammar) ?? LOST;
  }

  tokenIndex(): TokenIndex | null {
    const count = Atomics.load(this.#order, 0);
    if (count > 0) this.#index ??= new TokenIndex(this.#vocabulary, this.#order.subarray(1, count + 1));
    return this.#index;
  }

  forget(key: string): void {
    this.#thread?.forget(key);
  }

  #running(): MaskThread | null {
    if (this.#thread?.isLost === false) return this.#thread;
    if (this.#startsLeft === 0) return null;
    this.#startsLeft -= 1;
    const data = {
      vocabulary: this.#vocabulary,
      order: this.#order.buffer as SharedArrayBuffer,
      place: this.#place,
    };
    this.#thread = new MaskThread(this.#entry, data, Math.ceil(this.#vocabulary.flags.length / 32), this.#patience);
    return this.#thread;
  }
}
