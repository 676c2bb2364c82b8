/**
 * Runs the steps of a case on an executor, as the step loop would: rows in, the model, greedy sampling,
 * the tokens back in. No schedule, no text: what is measured is the model.
 */

import { SampleAssembly, NO_BIAS, SCORE_SAMPLING } from "../engine/step/sample-assembly.ts";
import type { Executor, StepBatch } from "../graph/executor.ts";
import type { BenchCase } from "./bench-case.ts";
import { casePages } from "./case-pages.ts";

/** A run takes at least so long, and at least one pass in prefill or so many steps in decoding. */
const LEAST_MS = 400;
const LEAST_STEPS = 4;

export interface CaseRun {
  readonly tokens: number;
  readonly ms: number;
}

export class CaseRunner {
  readonly #executor: Executor;
  readonly #sample: SampleAssembly;
  readonly #clock: () => number;

  constructor(executor: Executor, clock: () => number = () => performance.now()) {
    this.#executor = executor;
    this.#sample = new SampleAssembly(executor.limits.maxLogitRows, executor.vocabSize);
    this.#clock = clock;
  }

  /**
   * Puts keys and values of real tokens into the first `pages` pages. The rows of one prompt are copied to
   * the rest, since a kernel's speed does not depend on which rows it meets.
   */
  fillPages(pages: number): void {
    const { maxTokens, pageTokens } = this.#executor.limits;
    const computed = Math.max(1, Math.min(pages, Math.floor(maxTokens / pageTokens)));
    const table = Int32Array.from({ length: computed }, (_, index) => index);
    const tokens = Math.min(computed * pageTokens, maxTokens);
    this.#executor.step(stepBatch([{ tokens: this.#tokens(tokens), position: 0, pages: table }], []));
    for (let page = computed; page < pages; page += 1) this.#executor.copyPage(page % computed, page, pageTokens);
  }

  /** Repeats the case until it has taken LEAST_MS. */
  run(benchCase: BenchCase): CaseRun {
    return benchCase.kind === "prefill" ? this.#prefill(benchCase) : this.#decode(benchCase);
  }

  #prefill(benchCase: BenchCase): CaseRun {
    const { maxTokens, pageTokens } = this.#executor.limits;
    const [pages = new Int32Array(0)] = casePages(benchCase, pageTokens);
    const prompt = this.#tokens(benchCase.tokens);
    const beginMs = this.#clock();
    let computed = 0;
    do {
      for (let done = 0; done < prompt.length; done += maxTokens) {
        const tokens = prompt.subarray(done, done + maxTokens);
        const position = benchCase.depth + done;
        const reached = pages.subarray(0, Math.ceil((position + tokens.length) / pageTokens));
        const isLast = done + maxTokens >= prompt.length;
        this.#executor.step(stepBatch([{ tokens, position, pages: reached }], isLast ? [tokens.length - 1] : []));
      }
      computed += prompt.length;
    } while (this.#clock() - beginMs < LEAST_MS);
    return { tokens: computed, ms: this.#clock() - beginMs };
  }

  #decode(benchCase: BenchCase): CaseRun {
    const { sequences, depth, tokens: passSteps } = benchCase;
    const { pageTokens } = this.#executor.limits;
    const tables = casePages(benchCase, pageTokens);
    const logitRows = tables.map((_, row) => row);
    const tokens = tables.map((_, row) => this.#tokens(1, row));
    const beginMs = this.#clock();
    let steps = 0;
    do {
      const position = depth + (steps % passSteps);
      const rows = tables.map((pages, row) => ({
        tokens: tokens[row] ?? new Int32Array(1),
        position,
        pages: pages.subarray(0, Math.floor(position / pageTokens) + 1),
      }));
      this.#executor.step(stepBatch(rows, logitRows));
      const chosen = this.#chooseTokens(sequences, position + 1);
      for (const [row, token] of tokens.entries()) token[0] = chosen[row] ?? 0;
      steps += 1;
    } while (steps < LEAST_STEPS || this.#clock() - beginMs < LEAST_MS);
    return { tokens: steps * sequences, ms: this.#clock() - beginMs };
  }

  #chooseTokens(rows: number, position: number): Int32Array {
    const sample = this.#sample;
    sample.begin();
    for (let row = 0; row < rows; row += 1) sample.add(SCORE_SAMPLING, position, -1, null, NO_BIAS, null);
    const result = sample.result();
    this.#executor.sample(sample.batch(), result);
    return result.tokens;
  }

  /** Tokens spread over the vocabulary, so that no row of the embedding is always the cached one. */
  #tokens(count: number, first = 0): Int32Array {
    return Int32Array.from({ length: count }, (_, index) => ((first + index) * 7919 + 1) % this.#executor.vocabSize);
  }
}

interface SequenceRows {
  readonly tokens: Int32Array;
  readonly position: number;
  readonly pages: Int32Array;
}

function stepBatch(sequences: readonly SequenceRows[], logitRows: readonly number[]): StepBatch {
  const starts = [0];
  const tableStarts = [0];
  for (const { tokens, pages } of sequences) {
    starts.push((starts.at(-1) ?? 0) + tokens.length);
    tableStarts.push((tableStarts.at(-1) ?? 0) + pages.length);
  }
  return {
    tokens: Int32Array.from(sequences.flatMap(({ tokens }) => [...tokens])),
    positions: Int32Array.from(
      sequences.flatMap(({ tokens, position }) => [...tokens.keys()].map((row) => position + row)),
    ),
    sequenceStarts: Int32Array.from(starts),
    pageTables: Int32Array.from(sequences.flatMap(({ pages }) => [...pages])),
    pageTableStarts: Int32Array.from(tableStarts),
    logitRows: Int32Array.from(logitRows),
  };
}
