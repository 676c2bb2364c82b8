/**
 * An executor without a model. Its pages hold token ids, and the logits of a row are a pure function
 * of the tokens that the row attends through its page table: any mix-up of pages, any write into a
 * shared page and any stale page changes what is generated.
 */

import { invariant } from "../../src/base/invariant.ts";
import { checkStep } from "../../src/graph/check-step.ts";
import type { Executor, ExecutorLimits, SampleBatch, SampleResult, StepBatch } from "../../src/graph/executor.ts";
import { sampleRows } from "../../src/graph/sampler.ts";

const UNWRITTEN = -1;

export class FakeExecutor implements Executor {
  readonly description = "fake";
  readonly kvType = "f32";
  readonly limits: ExecutorLimits;
  readonly vocabSize: number;
  readonly memory;
  /** Called at the head of each step; may throw to make it fail. */
  onStep: ((batch: StepBatch) => void) | null = null;
  /** Called at the head of each sampling. */
  onSample: ((batch: SampleBatch) => void) | null = null;
  disposed = false;
  readonly #slots: Int32Array;
  #logits: Float32Array[] = [];

  constructor(limits: ExecutorLimits, vocabSize: number) {
    this.limits = limits;
    this.vocabSize = vocabSize;
    this.memory = { weightBytes: 0, kvBytes: limits.pages * limits.pageTokens * 4, arenaBytes: 0 };
    this.#slots = new Int32Array(limits.pages * limits.pageTokens).fill(UNWRITTEN);
  }

  step(batch: StepBatch): void {
    this.onStep?.(batch);
    this.#check(batch);
    this.#write(batch);
    const rowSequence = this.#sequenceOfRow(batch);
    this.#logits = Array.from(batch.logitRows, (row) => {
      const state = this.#attend(batch, rowSequence[row] ?? 0, batch.positions[row] ?? 0);
      return fakeLogits(state, this.vocabSize);
    });
  }

  sample(batch: SampleBatch, result: SampleResult): void {
    this.onSample?.(batch);
    invariant(batch.temperature.length === this.#logits.length, "one setting for each logits row");
    invariant(result.tokens.length === this.#logits.length, "one result for each logits row");
    sampleRows(this.#logits, batch, result);
  }

  readLogits(row: number, into: Float32Array): void {
    into.set(this.#logits[row] ?? []);
  }

  copyPage(from: number, to: number, tokens: number): void {
    const { pageTokens } = this.limits;
    const source = this.#slots.slice(from * pageTokens, from * pageTokens + tokens);
    this.#slots.fill(UNWRITTEN, to * pageTokens, (to + 1) * pageTokens);
    this.#slots.set(source, to * pageTokens);
  }

  dispose(): void {
    this.disposed = true;
  }

  #check(batch: StepBatch): void {
    const rows = batch.tokens.length;
    const sequences = batch.sequenceStarts.length - 1;
    invariant(rows > 0 && rows <= this.limits.maxTokens, "a step has 1..maxTokens rows");
    invariant(batch.positions.length === rows, "one position for each row");
    invariant(batch.logitRows.length <= this.limits.maxLogitRows, "no more logits rows than may");
    invariant(batch.pageTableStarts.length === sequences + 1, "one page table for each sequence");
    invariant(batch.sequenceStarts[sequences] === rows, "sequences cover all rows");
    for (let index = 1; index < batch.logitRows.length; index++) {
      invariant((batch.logitRows[index - 1] ?? 0) < (batch.logitRows[index] ?? 0), "logits rows ascend");
    }
    const written = new Set<number>();
    checkStep(batch, this.limits, this.vocabSize);
    for (let sequence = 0; sequence < sequences; sequence++) {
      const first = batch.sequenceStarts[sequence] ?? 0;
      const end = batch.sequenceStarts[sequence + 1] ?? 0;
      invariant(first < end, "a sequence has rows");
      for (let row = first; row < end; row++) {
        const position = (batch.positions[first] ?? 0) + row - first;
        invariant(batch.positions[row] === position, "positions are consecutive");
        const slot = this.#slotOf(batch, sequence, position);
        invariant(!written.has(slot), "no slot is written twice in a step");
        written.add(slot);
      }
    }
  }

  #write(batch: StepBatch): void {
    const rowSequence = this.#sequenceOfRow(batch);
    for (const [row, token] of batch.tokens.entries()) {
      this.#slots[this.#slotOf(batch, rowSequence[row] ?? 0, batch.positions[row] ?? 0)] = token;
    }
  }

  #attend(batch: StepBatch, sequence: number, last: number): number {
    let state = 0x811c9dc5;
    for (let position = 0; position <= last; position++) {
      const token = this.#slots[this.#slotOf(batch, sequence, position)] ?? UNWRITTEN;
      invariant(token !== UNWRITTEN, "only written slots are attended");
      state = mix(state, token);
    }
    return state;
  }

  #slotOf(batch: StepBatch, sequence: number, position: number): number {
    const { pageTokens, pages } = this.limits;
    const index = (batch.pageTableStarts[sequence] ?? 0) + Math.floor(position / pageTokens);
    invariant(index < (batch.pageTableStarts[sequence + 1] ?? 0), "the page table covers every position");
    const page = batch.pageTables[index] ?? -1;
    invariant(page >= 0 && page < pages, "a page is in the pool");
    return page * pageTokens + (position % pageTokens);
  }

  #sequenceOfRow(batch: StepBatch): Int32Array {
    const of = new Int32Array(batch.tokens.length);
    for (let sequence = 0; sequence + 1 < batch.sequenceStarts.length; sequence++) {
      of.fill(sequence, batch.sequenceStarts[sequence], batch.sequenceStarts[sequence + 1]);
    }
    return of;
  }
}

/** The logits that follow `tokens`: what the fake model computes, without pages. */
export function logitsAfter(tokens: Iterable<number>, vocabSize: number): Float32Array {
  let state = 0x811c9dc5;
  for (const token of tokens) state = mix(state, token);
  return fakeLogits(state, vocabSize);
}

function fakeLogits(state: number, vocabSize: number): Float32Array {
  return Float32Array.from({ length: vocabSize }, (_, token) => (mix(state, token + 1) / 2 ** 32) * 8);
}

/** MurmurHash3's 32-bit finaliser over the running state. */
function mix(state: number, value: number): number {
  let hash = Math.imul(state ^ value, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
