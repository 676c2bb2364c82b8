/** The real scheduler over an executor, with tokens that are forced instead of sampled: what it reads is logits. */

import { invariant } from "../../src/base/invariant.ts";
import { CacheDomains } from "../../src/engine/schedule/cache-domain.ts";
import { PagePool } from "../../src/engine/schedule/page-pool.ts";
import { PrefixIndex } from "../../src/engine/schedule/prefix-index.ts";
import { Scheduler } from "../../src/engine/schedule/scheduler.ts";
import { Sequence } from "../../src/engine/schedule/sequence.ts";
import { BatchAssembly } from "../../src/engine/step/batch-assembly.ts";
import { StepTimes } from "../../src/engine/schedule/step-times.ts";
import type { Executor } from "../../src/graph/executor.ts";
import { ROW_COSTS, STALL_LIMITS } from "./step-costs.ts";

export interface ForcedText {
  readonly sequence: Sequence;
  /** Tokens that follow the prompt, in order. */
  readonly forced: Int32Array;
  /** Read before each forced token. */
  readonly logits: Float32Array[];
}

export class ForcedRun {
  readonly scheduler: Scheduler;
  readonly pool: PagePool;
  readonly #executor: Executor;
  readonly #batch: BatchAssembly;
  readonly #domain = new CacheDomains().of("tenant", "");
  readonly #texts = new Map<Sequence, ForcedText>();
  #age = 0;

  /** `pages`: of the executor's, as many as are used. */
  constructor(executor: Executor, maxStepTokens: number, pages = executor.limits.pages) {
    const limits = { ...STALL_LIMITS, maxStepTokens, maxSequences: 8, maxLogitRows: executor.limits.maxLogitRows };
    this.#executor = executor;
    this.pool = new PagePool(pages, executor.limits.pageTokens);
    const index = new PrefixIndex(this.pool, { fingerprint: "model", clock: () => 0 });
    this.scheduler = new Scheduler(this.pool, index, new StepTimes(ROW_COSTS), limits);
    this.#batch = new BatchAssembly(limits);
  }

  add(prompt: Int32Array, forced: Int32Array): ForcedText {
    this.#age += 1;
    const sequence = new Sequence({
      age: this.#age,
      priority: 0,
      dueMs: Infinity,
      orderId: this.#age,
      choice: 0,
      domain: this.#domain,
      tokens: prompt,
      scoreFrom: null,
    });
    const text = { sequence, forced, logits: [] };
    this.#texts.set(sequence, text);
    this.scheduler.add(sequence);
    return text;
  }

  /** One step; a text that has read all its logits is removed. */
  step(): void {
    const plan = this.scheduler.plan();
    for (const { from, to, tokens } of plan.copies) this.#executor.copyPage(from, to, tokens);
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- this is no array
    this.#executor.step(this.#batch.fill(plan));
    this.scheduler.commit();
    let row = 0;
    for (const { sequence, logitRows } of plan.chunks) {
      if (logitRows === 0) continue;
      const text = this.#texts.get(sequence);
      invariant(text !== undefined, "a planned text is known");
      const logits = new Float32Array(this.#executor.vocabSize);
      this.#executor.readLogits(row, logits);
      text.logits.push(logits);
      row += logitRows;
      const next = text.forced[text.logits.length - 1];
      if (next === undefined) this.scheduler.remove(sequence);
      else sequence.tokens.push(next);
    }
    this.scheduler.checkInvariants();
  }

  /** Until nothing is left to do. */
  finish(): void {
    while (this.scheduler.hasWork) this.step();
  }
}
