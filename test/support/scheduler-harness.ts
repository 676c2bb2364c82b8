/** The scheduler with sequences that have no model: generations get a token where their logits were read. */

import { type CacheDomain, CacheDomains } from "../../src/engine/schedule/cache-domain.ts";
import { PagePool } from "../../src/engine/schedule/page-pool.ts";
import { PrefixIndex } from "../../src/engine/schedule/prefix-index.ts";
import { Scheduler, type SchedulerLimits } from "../../src/engine/schedule/scheduler.ts";
import { Sequence } from "../../src/engine/schedule/sequence.ts";
import { StepTimes } from "../../src/engine/schedule/step-times.ts";
import { ROW_COSTS, STALL_LIMITS } from "./step-costs.ts";

export interface AddedSequence {
  readonly scoreFrom?: number | null;
  readonly domain?: CacheDomain;
  readonly priority?: number;
  readonly dueMs?: number;
}

/** Texts of different ages share nothing, unless they are told their tokens. */
export function makeScheduler(limits: Partial<SchedulerLimits> & { pages?: number } = {}) {
  const { pages = 100, ...rest } = limits;
  const ownDomain = new CacheDomains().of("tenant", "");
  const pool = new PagePool(pages, 16);
  const index = new PrefixIndex(pool, { fingerprint: "model", clock: () => 0 });
  const scheduler = new Scheduler(pool, index, new StepTimes(ROW_COSTS), {
    maxStepTokens: 512,
    maxSequences: 8,
    maxLogitRows: 16,
    ...STALL_LIMITS,
    ...rest,
  });
  let age = 0;
  const add = (text: number | Int32Array, added: AddedSequence = {}): Sequence => {
    const { scoreFrom = null, domain = ownDomain, priority = 0, dueMs = Infinity } = added;
    age += 1;
    const tokens = typeof text === "number" ? new Int32Array(text).fill(age) : text;
    const sequence = new Sequence({ age, priority, dueMs, orderId: age, choice: 0, domain, tokens, scoreFrom });
    scheduler.add(sequence);
    return sequence;
  };
  /** Plans and commits one step; gives its chunks. */
  const step = (): [age: number, rows: number][] => {
    const { chunks } = scheduler.plan();
    scheduler.commit();
    for (const { sequence, logitRows } of chunks) {
      if (sequence.score === null && logitRows > 0) sequence.tokens.push(0);
      if (sequence.score !== null) sequence.score.next += logitRows;
    }
    scheduler.checkInvariants();
    return chunks.map(({ sequence, rows }) => [sequence.age, rows]);
  };
  return { scheduler, pool, index, add, step };
}
