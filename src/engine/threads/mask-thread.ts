/**
 * One thread that makes masks, from its start until it is lost: by its own end, or because it has stopped
 * moving. The step loop, which waits for its masks, returns to no event loop while it has work: how the thread is
 * stands in memory that both share.
 */

import { Worker } from "node:worker_threads";
import type { Grammar } from "../../text/grammar/grammar.ts";
import type { MaskStream } from "../step/mask-maker.ts";
import { MaskMemory, MaskThreadState, type MaskWorkerData, type ToMaskWorker } from "./mask-messages.ts";

export interface MaskPatience {
  /** From its start, waiting for its first mask holds up a step at most so long; then masks are made elsewhere until it is ready. */
  readonly startMs: number;
  /** One that is not ready by then never will be. */
  readonly startLimitMs: number;
  /** From its last sign of life. A message is handled in milliseconds; the first under a grammar of many nodes in some tenths of a second. */
  readonly stillMs: number;
}

/** Memory of ended generations that is kept for the next ones, a megabyte at most for 128k tokens. */
const MAX_SPARE = 8;

export class MaskThread {
  readonly #worker: Worker;
  readonly #patience: MaskPatience;
  readonly #wordCount: number;
  readonly #state: MaskThreadState;
  readonly #known = new Set<string>();
  readonly #spare: MaskMemory[] = [];
  readonly #startedMs: number;
  #isLost = false;
  #nextId = 0;

  /** Starts it. Masks have `wordCount` words. */
  constructor(entry: URL, data: Omit<MaskWorkerData, "state">, wordCount: number, patience: MaskPatience) {
    this.#state = new MaskThreadState();
    this.#patience = patience;
    this.#wordCount = wordCount;
    const workerData: MaskWorkerData = { ...data, state: this.#state.buffer };
    // The process's own flags (--input-type, --import) are about its main script.
    this.#worker = new Worker(entry, { workerData, name: "turnwise-masks", execArgv: [] });
    this.#startedMs = performance.now();
    this.#worker.unref();
    this.#worker.on("error", () => void this.lose());
    this.#worker.on("exit", () => void this.lose());
  }

  /** It makes no more masks. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Ends it. */
  async lose(): Promise<void> {
    this.#isLost = true;
    await this.#worker.terminate();
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
      follow: (steps, draft, left) => {
        version += 1;
        this.#post({ kind: "follow", id, version, steps, draft, left });
      },
      fill: (words, drafted) => {
        if (!this.#awaitMasks(memory, version)) return null;
        words.set(memory.mask(drafted));
        return { isNarrowed: memory.isNarrowed(drafted) };
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        this.#post({ kind: "close", id });
        // Reused only when the maker is known to be done with it.
        if (this.#spare.length < MAX_SPARE && memory.outcomeOf(version) === "made") this.#spare.push(memory);
      },
    };
  }

  forget(key: string): void {
    if (this.#known.delete(key)) this.#post({ kind: "forget", key });
  }

  /** Whether the masks of `version` are made. */
  #awaitMasks(memory: MaskMemory, version: number): boolean {
    let outcome = memory.outcomeOf(version);
    let { progress } = this.#state;
    let movedMs = performance.now();
    while (outcome === "awaited" && !this.#isLost) {
      const nowMs = performance.now();
      if (this.#state.progress !== progress) [progress, movedMs] = [this.#state.progress, nowMs];
      if (this.#hasStopped(nowMs, movedMs)) void this.lose();
      else if (!this.#state.isReady && nowMs - this.#startedMs > this.#patience.startMs) return false;
      else outcome = memory.waitFor(version);
    }
    return outcome === "made";
  }

  #hasStopped(nowMs: number, movedMs: number): boolean {
    const { stillMs, startLimitMs } = this.#patience;
    if (this.#state.hasEnded) return true;
    return this.#state.isReady ? nowMs - movedMs > stillMs : nowMs - this.#startedMs > startLimitMs;
  }

  #post(message: ToMaskWorker): void {
    if (this.#isLost) return;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(message);
  }
}
