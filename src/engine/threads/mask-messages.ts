/**
 * What passes between the step loop's thread and the thread that makes masks. Masks come back in memory
 * that both share: a version that the maker raises, then a mask for the text so far and one after each
 * token of its draft.
 */

import type { Grammar } from "../../text/grammar/grammar.ts";
import type { PreparedPlace } from "../load/prepared-vocabulary.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";

/** Tokens that one draft has at most: their masks have a place each. */
export const MAX_DRAFT_TOKENS = 12;

/** What a generation went on with: a token, or bytes of which the cut into tokens does not count. */
export type MatcherStep = number | Uint8Array;

export type ToMaskWorker =
  /** `grammar` is null where one of this key was sent before and not forgotten. */
  | {
      readonly kind: "open";
      readonly id: number;
      readonly key: string;
      readonly grammar: Grammar | null;
      readonly memory: SharedArrayBuffer;
    }
  | {
      readonly kind: "follow";
      readonly id: number;
      readonly version: number;
      readonly steps: readonly MatcherStep[];
      readonly draft: Int32Array;
      /** Tokens that may be said from here on. */
      readonly left: number;
    }
  | { readonly kind: "close"; readonly id: number }
  | { readonly kind: "forget"; readonly key: string };

export interface MaskWorkerData {
  readonly vocabulary: VocabularyBytes;
  /** Filled by the thread: how many tokens have bytes, then these in the order of their bytes. */
  readonly order: SharedArrayBuffer;
  /** Where what is worked out of the vocabulary is kept; null for nowhere. */
  readonly place: PreparedPlace | null;
  /** Of its `MaskThreadState`. */
  readonly state: SharedArrayBuffer;
}

const [STARTING, READY, ENDED] = [0, 1, 2];

/** How the thread is: it writes, the step loop reads. */
export class MaskThreadState {
  readonly buffer: SharedArrayBuffer;
  /** The phase, and how many messages were handled. */
  readonly #words: Int32Array;

  constructor(buffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  get isReady(): boolean {
    return Atomics.load(this.#words, 0) === READY;
  }

  get hasEnded(): boolean {
    return Atomics.load(this.#words, 0) === ENDED;
  }

  /** Changes with each message that was handled. */
  get progress(): number {
    return Atomics.load(this.#words, 1);
  }

  ready(): void {
    Atomics.compareExchange(this.#words, 0, STARTING, READY);
  }

  moved(): void {
    Atomics.add(this.#words, 1, 1);
  }

  ended(): void {
    Atomics.store(this.#words, 0, ENDED);
  }
}

/** The version, and a bit for each mask or FAILED. */
const HEADER_WORDS = 2;
const FAILED = -1;
/** After so long a waiter looks whether the thread still lives. */
const WAIT_MS = 20;

/** One generation's shared memory. */
export class MaskMemory {
  readonly buffer: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #words: Uint32Array;
  readonly #wordCount: number;

  constructor(wordCount: number, buffer?: SharedArrayBuffer) {
    const masks = MAX_DRAFT_TOKENS + 1;
    this.buffer = buffer ?? new SharedArrayBuffer((HEADER_WORDS + masks * wordCount) * 4);
    this.#header = new Int32Array(this.buffer, 0, HEADER_WORDS);
    this.#words = new Uint32Array(this.buffer, HEADER_WORDS * 4);
    this.#wordCount = wordCount;
  }

  mask(index: number): Uint32Array {
    return this.#words.subarray(index * this.#wordCount, (index + 1) * this.#wordCount);
  }

  /** How it stands with the masks of `version`. */
  outcomeOf(version: number): "made" | "failed" | "awaited" {
    if (Atomics.load(this.#header, 0) !== version) return "awaited";
    return Atomics.load(this.#header, 1) === FAILED ? "failed" : "made";
  }

  /** The same, after waiting a moment for them. */
  waitFor(version: number): "made" | "failed" | "awaited" {
    const seen = Atomics.load(this.#header, 0);
    if (seen !== version) Atomics.wait(this.#header, 0, seen, WAIT_MS);
    return this.outcomeOf(version);
  }

  isNarrowed(index: number): boolean {
    return ((Atomics.load(this.#header, 1) >> index) & 1) === 1;
  }

  /** The masks of `version` are made, those of the bits of `narrowed` narrowed; or they could not be made. */
  publish(version: number, narrowed: number | null): void {
    Atomics.store(this.#header, 1, narrowed ?? FAILED);
    Atomics.store(this.#header, 0, version);
    Atomics.notify(this.#header, 0);
  }
}
