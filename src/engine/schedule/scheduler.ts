/**
 * What the next step computes. Deterministic and synchronous: the same arrivals give the same plans.
 *
 * Continuous batching (Yu et al. 2022, "Orca") with chunked prefill (Agrawal et al. 2024,
 * "Sarathi-Serve"): each step takes a row of every sequence that decodes and fills up with chunks of
 * prompts. First come, first served, by `Sequence.age`.
 *
 * When pages run out, the older sequence takes them from the younger: first from those that wait, then
 * by preempting the youngest that runs, which later recomputes what it lost. The oldest is never
 * preempted and fits the pool alone, so every sequence ends.
 */

import { invariant } from "../../base/invariant.ts";
import type { PageCopy, PagePool } from "./page-pool.ts";
import type { Sequence } from "./sequence.ts";

/**
 * Prompt tokens that join a step in which others decode: what a running answer waits for, at most,
 * and the share that a prompt is sure of. A budget in milliseconds belongs here once the cost of a row
 * is calibrated.
 */
export const PREFILL_TOKENS_WHILE_DECODING = 64;

export interface SchedulerLimits {
  /** Rows of one step. */
  readonly maxStepTokens: number;
  /** Sequences that run at once. */
  readonly maxSequences: number;
  /** Logits rows of one step. */
  readonly maxLogitRows: number;
}

/** `rows` tokens of `sequence`, from its computed ones on. */
export interface PlannedChunk {
  readonly sequence: Sequence;
  readonly rows: number;
  /** How many of the last rows have their logits read. */
  readonly logitRows: number;
}

/** Filled by `Scheduler.plan`, valid until the next plan. */
export interface StepPlan {
  readonly chunks: PlannedChunk[];
  /** Page copies to make, in this order, before the step. */
  readonly copies: PageCopy[];
  tokens: number;
  logitRows: number;
}

export class Scheduler {
  readonly #limits: SchedulerLimits;
  readonly #pool: PagePool;
  /** Both oldest first. */
  readonly #running: Sequence[] = [];
  readonly #waiting: Sequence[] = [];
  readonly #plan: StepPlan = { chunks: [], copies: [], tokens: 0, logitRows: 0 };
  /** Rows left in this step for chunks of prompts. */
  #prefillBudget = 0;
  #preemptions = 0;

  constructor(pool: PagePool, limits: SchedulerLimits) {
    // One row must always be left for a prompt, or arrivals could starve behind full batches.
    const places = Math.min(limits.maxSequences, limits.maxLogitRows, Math.max(1, limits.maxStepTokens - 1));
    this.#limits = { ...limits, maxSequences: places };
    this.#pool = pool;
  }

  get running(): readonly Sequence[] {
    return this.#running;
  }

  get waiting(): readonly Sequence[] {
    return this.#waiting;
  }

  get hasWork(): boolean {
    return this.#running.length > 0 || this.#waiting.length > 0;
  }

  get preemptions(): number {
    return this.#preemptions;
  }

  /** Queues a sequence; with `forks`, siblings of the same prompt that share its pages. */
  add(sequence: Sequence, forks: readonly Sequence[] = []): void {
    for (const fork of forks) fork.state = "unforked";
    sequence.forks = forks;
    enqueue(this.#waiting, sequence, "waiting");
  }

  /** Takes a sequence out, whatever its state, and frees its pages. */
  remove(sequence: Sequence): void {
    dequeue(this.#running, sequence);
    dequeue(this.#waiting, sequence);
    this.#pool.release(sequence.pages);
    sequence.state = "done";
  }

  /** The next step; its chunks are empty when nothing is to be done. */
  plan(): StepPlan {
    const plan = this.#plan;
    plan.chunks.length = 0;
    plan.copies.length = 0;
    plan.tokens = 0;
    plan.logitRows = 0;
    let decodeRows = 0;
    for (const sequence of this.#running) if (sequence.pending === 1) decodeRows += 1;
    const spare = this.#limits.maxStepTokens - decodeRows;
    this.#prefillBudget = decodeRows > 0 ? Math.min(spare, PREFILL_TOKENS_WHILE_DECODING) : spare;
    // Oldest first, so that a sequence that loses its pages has not been planned yet. The list shrinks
    // from its end while this runs.
    for (let index = 0; index < this.#running.length; index++) {
      const sequence = this.#running[index];
      if (sequence !== undefined) this.#planRunning(sequence);
    }
    this.#admit();
    return plan;
  }

  /** The step of the last plan has run: its tokens are computed, siblings fork off. */
  commit(): void {
    for (const { sequence, rows } of this.#plan.chunks) {
      sequence.computed += rows;
      if (sequence.forks.length > 0 && sequence.computed >= sequence.promptTokens) this.#fork(sequence);
    }
  }

  /** Throws unless queues, states and pages agree. `others` are the live sequences outside the queues. */
  checkInvariants(others: readonly Sequence[] = []): void {
    const all = [...this.#running, ...this.#waiting, ...others];
    this.#pool.checkInvariants(all.map((sequence) => sequence.pages));
    for (const queue of [this.#running, this.#waiting]) {
      for (let index = 1; index < queue.length; index++) {
        invariant((queue[index - 1]?.age ?? 0) < (queue[index]?.age ?? 0), "queues are in order of age");
      }
    }
    for (const sequence of this.#running) invariant(sequence.state === "running", "what runs is marked so");
    for (const sequence of this.#waiting) invariant(sequence.state === "waiting", "what waits is marked so");
    for (const sequence of others) invariant(sequence.pages.length === 0, "what is not queued holds no pages");
    for (const { computed, pages } of all) {
      invariant(pages.length === this.#pool.pagesFor(computed), "pages cover the computed tokens");
    }
    invariant(this.#running.length <= this.#limits.maxSequences, "no more run than may");
  }

  #planRunning(sequence: Sequence): void {
    const decodes = sequence.pending === 1;
    const rows = decodes ? 1 : Math.min(sequence.pending, this.#prefillBudget);
    const wanted = sequence.rowsWithin(rows, this.#logitRowsLeft(sequence));
    if (wanted <= 0) return;
    const reached = this.#claimPages(sequence, wanted, true);
    if (reached > 0) this.#take(sequence, reached, decodes);
  }

  /** Lets the oldest waiting sequences in while there is room; never at the expense of a running one. */
  #admit(): void {
    for (;;) {
      const sequence = this.#waiting[0];
      if (sequence === undefined || this.#running.length >= this.#limits.maxSequences) return;
      const wanted = sequence.rowsWithin(
        Math.min(sequence.pending, this.#prefillBudget),
        this.#logitRowsLeft(sequence),
      );
      if (wanted <= 0 || !this.#hasRoomFor(sequence)) return;
      const reached = this.#claimPages(sequence, wanted, false);
      if (reached === 0) return;
      this.#waiting.shift();
      enqueue(this.#running, sequence, "running");
      this.#take(sequence, reached, false);
    }
  }

  /**
   * A sequence is let in when the free pages hold all its tokens and those that running ones still
   * have to compute, with a page for each to grow: letting in more would only preempt it again. Pages
   * that other waiting sequences hold alone count as free.
   */
  #hasRoomFor(candidate: Sequence): boolean {
    if (this.#running.length === 0) return true;
    let needed = this.#pagesToCome(candidate);
    for (const sequence of this.#running) needed += this.#pagesToCome(sequence);
    let available = this.#pool.free;
    for (const sequence of this.#waiting) if (sequence !== candidate) available += this.#pool.heldAlone(sequence.pages);
    return needed <= available;
  }

  #pagesToCome(sequence: Sequence): number {
    return Math.max(0, this.#pool.pagesFor(sequence.tokens.length + 1) - sequence.pages.length);
  }

  /** Makes room for up to `rows` more tokens and returns how many fit. */
  #claimPages(sequence: Sequence, rows: number, mayPreempt: boolean): number {
    const pool = this.#pool;
    const { pages, computed } = sequence;
    while (pool.pagesNeeded(pages, computed, computed + rows) > pool.free) {
      if (!this.#reclaimFromWaiting(sequence) && !(mayPreempt && this.#preemptYoungest(sequence))) break;
    }
    const reach = pool.reach(pages, computed, computed + rows, pool.free);
    if (reach > computed) pool.extend(pages, computed, reach, this.#plan.copies);
    return reach - computed;
  }

  /**
   * Frees the pages of the youngest other waiting sequence that has some. Age does not protect here:
   * a running sequence that could not go on for pages held by an older waiting one would block both.
   */
  #reclaimFromWaiting(claimant: Sequence): boolean {
    for (let index = this.#waiting.length - 1; index >= 0; index--) {
      const victim = this.#waiting[index];
      if (victim === undefined || victim === claimant || victim.pages.length === 0) continue;
      this.#dropPages(victim);
      return true;
    }
    return false;
  }

  #preemptYoungest(claimant: Sequence): boolean {
    const victim = this.#running[this.#running.length - 1];
    if (victim === undefined || victim.age <= claimant.age) return false;
    this.#running.pop();
    this.#dropPages(victim);
    enqueue(this.#waiting, victim, "waiting");
    this.#preemptions += 1;
    return true;
  }

  #dropPages(victim: Sequence): void {
    this.#pool.release(victim.pages);
    victim.computed = 0;
  }

  #take(sequence: Sequence, rows: number, decodes: boolean): void {
    const logitRows = sequence.logitRowsFor(rows);
    this.#plan.chunks.push({ sequence, rows, logitRows });
    this.#plan.tokens += rows;
    this.#plan.logitRows += logitRows;
    if (!decodes) this.#prefillBudget -= rows;
  }

  /** Logits rows that `sequence` may use; a score leaves one for each generation that runs. */
  #logitRowsLeft(sequence: Sequence): number {
    const left = this.#limits.maxLogitRows - this.#plan.logitRows;
    if (sequence.score === null) return left;
    let reserved = 0;
    for (const other of this.#running) if (other.score === null) reserved += 1;
    for (const { sequence: planned, logitRows } of this.#plan.chunks) if (planned.score === null) reserved -= logitRows;
    return Math.max(0, left - reserved);
  }

  /**
   * Gives the leader's prompt to its siblings: all but the last token, which each computes itself to
   * have logits of its own. They run at once where there is a place, and hold their share where not.
   */
  #fork(leader: Sequence): void {
    for (const sibling of leader.forks) {
      const shared = leader.promptTokens - 1;
      this.#pool.fork(leader.pages, shared, sibling.pages);
      sibling.computed = shared;
      const hasPlace = this.#running.length < this.#limits.maxSequences;
      enqueue(hasPlace ? this.#running : this.#waiting, sibling, hasPlace ? "running" : "waiting");
    }
    leader.forks = [];
  }
}

/** Inserts in order of age; arrivals are the youngest, so the search begins at the end. */
function enqueue(queue: Sequence[], sequence: Sequence, state: "running" | "waiting"): void {
  let index = queue.length;
  while (index > 0 && (queue[index - 1]?.age ?? 0) > sequence.age) index -= 1;
  queue.splice(index, 0, sequence);
  sequence.state = state;
}

function dequeue(queue: Sequence[], sequence: Sequence): void {
  const index = queue.indexOf(sequence);
  if (index >= 0) queue.splice(index, 1);
}
