/**
 * The step loop's side of the thread that makes masks: started with the first grammar, told at once what
 * was accepted, and asked for the mask one step of the model later. Where it fails or does not answer
 * the step loop makes the masks itself, so that an answer never depends on it.
 */

import { Worker } from "node:worker_threads";
import type { Grammar } from "../../text/grammar/grammar.ts";
import type { PreparedPlace } from "../load/prepared-vocabulary.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";
import { TokenIndex } from "../../text/grammar/token-index.ts";
import type { MaskMaker, MaskStream } from "../step/mask-maker.ts";
import { MaskMemory, type MaskWorkerData, type MatcherStep, type ToMaskWorker } from "./mask-messages.ts";
import { workerEntry } from "./worker-entry.ts";

/** A thread's start and the building of the tries are inside it many times; one that is later has died. */
const PATIENCE_MS = 10_000;
/** Memory of ended generations that is kept for the next ones, a megabyte at most for 128k tokens. */
const MAX_SPARE = 8;

export class MaskClient implements MaskMaker {
  readonly #vocabulary: VocabularyBytes;
  readonly #place: PreparedPlace | null;
  readonly #wordCount: number;
  readonly #known = new Set<string>();
  readonly #spare: MaskMemory[] = [];
  readonly #order: Int32Array;
  #index: TokenIndex | null = null;
  #worker: Worker | null = null;
  #isLost = false;
  #nextId = 0;

  /** `place`: where what the thread works out of the vocabulary is kept; null for nowhere. */
  constructor(vocabulary: VocabularyBytes, place: PreparedPlace | null) {
    this.#vocabulary = vocabulary;
    this.#place = place;
    this.#wordCount = Math.ceil(vocabulary.flags.length / 32);
    this.#order = new Int32Array(new SharedArrayBuffer((vocabulary.flags.length + 1) * 4));
  }

  /** The thread is gone, and masks are made where they are needed. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Ends the thread, which otherwise ends with the one that started it. */
  async dispose(): Promise<void> {
    this.#isLost = true;
    await this.#worker?.terminate();
  }

  open(key: string, grammar: Grammar): MaskStream {
    const id = this.#nextId++;
    const memory = this.#spare.pop() ?? new MaskMemory(this.#wordCount);
    memory.publish(0, 0);
    this.#post({ kind: "open", id, key, grammar: this.#known.has(key) ? null : grammar, memory: memory.buffer });
    this.#known.add(key);
    let version = 0;
    let isClosed = false;
    return {
      follow: (steps: readonly MatcherStep[], draft: Int32Array, left: number) => {
        version += 1;
        this.#post({ kind: "follow", id, version, steps, draft, left });
      },
      fill: (words, drafted) => {
        if (this.#isLost) return null;
        const outcome = memory.waitFor(version, PATIENCE_MS);
        if (outcome === "late") this.#isLost = true;
        if (outcome !== "made") return null;
        words.set(memory.mask(drafted));
        return { isNarrowed: memory.isNarrowed(drafted) };
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        this.#post({ kind: "close", id });
        // Reused only when the maker is known to be done with it.
        if (this.#spare.length < MAX_SPARE && memory.waitFor(version, 0) === "made") this.#spare.push(memory);
      },
    };
  }

  tokenIndex(): TokenIndex | null {
    const count = Atomics.load(this.#order, 0);
    if (count > 0) this.#index ??= new TokenIndex(this.#vocabulary, this.#order.subarray(1, count + 1));
    return this.#index;
  }

  forget(key: string): void {
    if (this.#known.delete(key)) this.#post({ kind: "forget", key });
  }

  #post(message: ToMaskWorker): void {
    if (this.#isLost) return;
    this.#worker ??= this.#start();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const data: MaskWorkerData = {
      vocabulary: this.#vocabulary,
      order: this.#order.buffer as SharedArrayBuffer,
      place: this.#place,
    };
    // The process's own flags (--input-type, --import) are about its main script.
    const worker = new Worker(workerEntry("mask-worker"), { workerData: data, name: "turnwise-masks", execArgv: [] });
    worker.unref();
    const lose = (): void => {
      this.#isLost = true;
    };
    worker.on("error", lose);
    worker.on("exit", lose);
    return worker;
  }
}
