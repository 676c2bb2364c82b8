/**
 * What the next step computes. Deterministic and synchronous: the same arrivals give the same plans.
 *
 * Continuous batching (Yu et al. 2022, "Orca") with chunked prefill (Agrawal et al. 2024,
 * "Sarathi-Serve"): each step takes a row of every sequence that decodes and fills up with chunks of
 * prompts, as far as they add no more time than may be. Higher priority first, then first come, first served.
 *
 * A sequence that is let in begins with the pages of the longest prefix that the prefix tree or a
 * running sequence has of it. Where one is just computing more of that prefix, it waits for it.
 *
 * When pages run out, cached ones are evicted; then the older sequence preempts the youngest that runs,
 * which leaves its pages to the cache and later computes again what was evicted of them. The first in order is
 * never preempted and fits the pool alone, so every sequence ends.
 */

import { invariant } from "../../base/invariant.ts";
import type { StepSizes } from "../../graph/types.ts";
import type { PageCopy, PageHold, PagePool } from "./page-pool.ts";
import type { PrefixIndex, PrefixMatch } from "./prefix-index.ts";
import type { Sequence } from "./sequence.ts";
import { attendedBy, type StepTimes } from "./step-times.ts";

export interface SchedulerLimits {
  /** Rows of one step. */
  readonly maxStepTokens: number;
  /** Sequences that run at once. */
  readonly maxSequences: number;
  /** Logits rows of one step. */
  readonly maxLogitRows: number;
  /** Milliseconds that prompts may add to a step in which others decode: what a running answer waits for. */
  readonly maxStallMs: number;
  /** The share of such a step that prompts are sure of, 0 to below 1, where `maxStallMs` gives them less. */
  readonly minPrefillShare: number;
}

/** `rows` tokens of `sequence`, from its computed ones on. */
export interface PlannedChunk {
  readonly sequence: Sequence;
  readonly rows: number;
  /** How many of the last rows have their logits read. */
  readonly logitRows: number;
  /** How many of the last rows are of the sequence's draft. */
  readonly drafted: number;
}

/** Filled by `Scheduler.plan`, valid until the next plan. */
export interface StepPlan extends StepSizes {
  readonly chunks: PlannedChunk[];
  /** Page copies to make, in this order, before the step. */
  readonly copies: PageCopy[];
  tokens: number;
  logitRows: number;
  attendedPositions: number;
}

export class Scheduler {
  readonly #limits: SchedulerLimits;
  readonly #pool: PagePool;
  readonly #index: PrefixIndex;
  readonly #times: StepTimes;
  /** Both in the order of service. */
  readonly #running: Sequence[] = [];
  readonly #waiting: Sequence[] = [];
  readonly #plan: StepPlan = { chunks: [], copies: [], tokens: 0, logitRows: 0, attendedPositions: 0 };
  /** What is left in this step for chunks of prompts. */
  readonly #prefill = { rows: 0, ms: 0 };
  #preemptions = 0;

  constructor(pool: PagePool, index: PrefixIndex, times: StepTimes, limits: SchedulerLimits) {
    // One row must always be left for a prompt, or arrivals could starve behind full batches.
    const places = Math.min(limits.maxSequences, limits.maxLogitRows, Math.max(1, limits.maxStepTokens - 1));
    this.#limits = { ...limits, maxSequences: places };
    this.#pool = pool;
    this.#index = index;
    this.#times = times;
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

  add(sequence: Sequence): void {
    enqueue(this.#waiting, sequence, "waiting");
  }

  /** Takes a sequence out, whatever its state; what it computed stays in the cache, kept until `keepUntilMs`. */
  remove(sequence: Sequence, keepUntilMs = 0): void {
    this.#leavePages(sequence, keepUntilMs);
    this.#takeOut(sequence);
  }

  /** Takes out a sequence of a step that failed: what its last page holds is not known. */
  discard(sequence: Sequence): void {
    this.#dropPages(sequence);
    this.#takeOut(sequence);
  }

  /** The next step; its chunks are empty when nothing is to be done. */
  plan(): StepPlan {
    const plan = this.#plan;
    plan.chunks.length = 0;
    plan.copies.length = 0;
    plan.tokens = 0;
    plan.logitRows = 0;
    plan.attendedPositions = 0;
    this.#openPrefill();
    // In order, so that a sequence that loses its pages has not been planned yet. The list shrinks
    // from its end while this runs.
    for (let index = 0; index < this.#running.length; index++) {
      const sequence = this.#running[index];
      if (sequence !== undefined) this.#planRunning(sequence);
    }
    this.#admit();
    for (const { sequence, rows } of plan.chunks) {
      const { pages, computed } = sequence;
      invariant(this.#pool.ownsAlone(pages, computed, computed + rows), "a step writes to pages of one sequence");
    }
    return plan;
  }

  /**
   * The step of the last plan has run: tokens are computed, and full pages can be shared. What drafted
   * rows are worth is known later, and for their sequences it is `commitRows` that has to be called.
   */
  commit(): void {
    for (const { sequence, rows, drafted } of this.#plan.chunks) if (drafted === 0) this.commitRows(sequence, rows);
  }

  /** The next `rows` tokens of `sequence` are computed; what the step computed beyond them is dropped. */
  commitRows(sequence: Sequence, rows: number): void {
    sequence.computed += rows;
    const { pages, tokens, computed, domain, indexed } = sequence;
    if (pages.length > this.#pool.pagesFor(computed)) this.#pool.truncate(pages, this.#pool.pagesFor(computed));
    sequence.indexed = this.#index.insert(pages, tokens, computed, domain, indexed);
  }

  /** Throws unless queues, states, pages and prefix tree agree. */
  checkInvariants(): void {
    const all = [...this.#running, ...this.#waiting];
    this.#pool.checkInvariants([...all.flatMap(holdsOf), ...this.#index.pins()], this.#index.holds());
    this.#index.checkInvariants();
    for (const queue of [this.#running, this.#waiting]) {
      for (let index = 1; index < queue.length; index++) {
        const [before, after] = [queue[index - 1], queue[index]];
        if (before && after) invariant(before.precedes(after), "queues are in the order of service");
      }
    }
    for (const sequence of this.#running) invariant(sequence.state === "running", "what runs is marked so");
    for (const { state, pages } of this.#waiting) {
      invariant(state === "waiting" && pages.length === 0, "what waits is marked so, and holds no pages");
    }
    for (const { computed, pages, indexed } of all) {
      invariant(pages.length === this.#pool.pagesFor(computed), "pages cover the computed tokens");
      invariant((indexed?.depth ?? 0) === Math.floor(computed / this.#pool.pageTokens), "full pages are in the tree");
      if (indexed !== null) invariant(pages.at(indexed.depth - 1) === indexed.page, "pages are those of the tree");
    }
    invariant(this.#running.length <= this.#limits.maxSequences, "no more run than may");
  }

  /** How much prompts may have of this step. */
  #openPrefill(): void {
    const { maxStepTokens, maxStallMs, minPrefillShare } = this.#limits;
    let rows = 0;
    let attendedPositions = 0;
    for (const { pending, tokens } of this.#running) {
      if (pending !== 1) continue;
      rows += 1;
      attendedPositions += tokens.length;
    }
    this.#prefill.rows = maxStepTokens - rows;
    const decodeMs = this.#times.predict({ tokens: rows, logitRows: rows, attendedPositions });
    const shareMs = (decodeMs * minPrefillShare) / (1 - minPrefillShare);
    this.#prefill.ms = rows === 0 ? Infinity : Math.max(maxStallMs, shareMs);
  }

  #planRunning(sequence: Sequence): void {
    const decodes = sequence.pending === 1;
    const wanted = decodes ? sequence.rowsWithin(1, this.#logitRowsLeft(sequence)) : this.#prefillRows(sequence);
    const reached = this.#claimPages(sequence, wanted, true);
    if (reached > 0) this.#take(sequence, reached, decodes, decodes ? this.#draftRows(sequence) : 0);
  }

  /**
   * How many tokens of its draft a decoding sequence can have computed with its last token: as prompts do
   * they add no more time than may be, and they take no row or page that another sequence could need.
   */
  #draftRows({ draft, computed, pages, domain }: Sequence): number {
    if (draft.length === 0) return 0;
    const pool = this.#pool;
    const plan = this.#plan;
    const unplanned = this.#running.length - plan.chunks.length;
    const spareLogitRows = this.#limits.maxLogitRows - plan.logitRows - unplanned;
    const limit = Math.min(draft.length, this.#prefill.rows - 1, spareLogitRows);
    if (limit <= 0) return 0;
    const rows = this.#times.rowsWithin(computed + 1, limit, this.#prefill.ms);
    const end = computed + 1 + rows;
    if (rows === 0 || pool.pagesNeeded(pages, computed + 1, end) + this.#running.length > pool.available) return 0;
    pool.extend(pages, domain, computed + 1, end, plan.copies);
    return rows;
  }

  /**
   * Lets the first waiting sequences in while there is room; never at the expense of a running one. Only
   * those that wait for a prefix, or whose tenant has its share already, are passed over.
   */
  #admit(): void {
    let index = 0;
    while (this.#running.length < this.#limits.maxSequences && this.#prefill.rows > 0) {
      const sequence = this.#waiting[index];
      if (sequence === undefined) return;
      if (!this.#isWithinQuota(sequence) || !this.#takePrefix(sequence)) {
        index += 1;
        continue;
      }
      const rows = this.#rowsFor(sequence);
      if (rows === 0) {
        this.#dropPages(sequence);
        return;
      }
      this.#waiting.splice(index, 1);
      enqueue(this.#running, sequence, "running");
      sequence.cachedTokens ??= sequence.computed;
      this.#take(sequence, rows, false, 0);
    }
  }

  /** Whether the tenant's running sequences leave room for another in its quota; one it may always have. */
  #isWithinQuota({ domain: { tenant }, tokens }: Sequence): boolean {
    if (tenant.quota === Infinity) return true;
    let pages = 0;
    for (const other of this.#running) {
      if (other.domain.tenant === tenant) pages += this.#pool.pagesFor(other.tokens.length + 1);
    }
    return pages === 0 || pages + this.#pool.pagesFor(tokens.length + 1) <= tenant.quota;
  }

  /**
   * Gives `sequence` the pages of the longest prefix that is known of it; false where a running sequence
   * is computing a longer one.
   */
  #takePrefix(sequence: Sequence): boolean {
    const { tokens, domain, reusable, pages } = sequence;
    const match = this.#index.match(tokens, reusable, domain);
    const sharedPages = match.node?.depth ?? 0;
    let known = match.tokens;
    let source: Sequence | null = null;
    for (const other of this.#running) {
      if (!this.#continues(other, sequence, match)) continue;
      const common = tokens.commonUntil(sharedPages * this.#pool.pageTokens, reusable, other.tokens);
      if (common <= known) continue;
      if (other.computed < common && other.pending > 1) return false;
      if (other.computed <= known) continue;
      known = Math.min(common, other.computed);
      source = other;
    }
    this.#index.adopt(source === null ? match : { ...match, partial: null }, pages);
    if (source !== null) this.#pool.share(source.pages.at(sharedPages), pages);
    sequence.computed = known;
    sequence.indexed = match.node;
    return true;
  }

  /** Whether a running sequence begins with the whole pages that another matches. */
  #continues(running: Sequence, { domain }: Sequence, { node }: PrefixMatch): boolean {
    if (running.domain.key !== domain.key) return false;
    return node === null || (running.pages.length >= node.depth && running.pages.at(node.depth - 1) === node.page);
  }

  /** Rows that `sequence`, which holds its prefix, can begin with; 0 where there is no room for it. */
  #rowsFor(sequence: Sequence): number {
    if (!this.#hasRoomFor(sequence)) return 0;
    const reached = this.#claimPages(sequence, this.#prefillRows(sequence), false);
    if (reached > 0 || this.#running.length > 0) return reached;
    // The pool is just large enough for it alone: there is no page to copy a shared one to.
    const whole = sequence.computed - (sequence.computed % this.#pool.pageTokens);
    this.#pool.truncate(sequence.pages, this.#pool.pagesFor(whole));
    sequence.computed = whole;
    return this.#claimPages(sequence, this.#prefillRows(sequence), false);
  }

  #prefillRows(sequence: Sequence): number {
    const { rows, ms } = this.#prefill;
    const limit = Math.min(sequence.pending, rows);
    const inTime = ms === Infinity ? limit : this.#times.rowsWithin(sequence.computed, limit, ms);
    // However long a row takes, the first prompt in line has one.
    const isFirst = this.#plan.chunks.every((chunk) => chunk.sequence.pending === 1);
    return sequence.rowsWithin(Math.max(inTime, isFirst ? 1 : 0), this.#logitRowsLeft(sequence));
  }

  /**
   * A sequence is let in when the available pages hold all its tokens and those that running ones still
   * have to compute, with a page for each to grow: letting in more would only preempt it again.
   */
  #hasRoomFor(candidate: Sequence): boolean {
    if (this.#running.length === 0) return true;
    let needed = this.#pagesToCome(candidate);
    for (const sequence of this.#running) needed += this.#pagesToCome(sequence);
    return needed <= this.#pool.available;
  }

  #pagesToCome({ pages, computed, tokens }: Sequence): number {
    return this.#pool.pagesNeeded(pages, computed, tokens.length + 1);
  }

  /** Makes room for up to `rows` more tokens and returns how many fit. */
  #claimPages(sequence: Sequence, rows: number, mayPreempt: boolean): number {
    const pool = this.#pool;
    const { pages, computed, domain } = sequence;
    if (rows <= 0) return 0;
    while (pool.pagesNeeded(pages, computed, computed + rows) > pool.available) {
      if (!mayPreempt || !this.#preemptYoungest(sequence)) break;
    }
    const reach = pool.reach(pages, computed, computed + rows);
    if (reach > computed) pool.extend(pages, domain, computed, reach, this.#plan.copies);
    return reach - computed;
  }

  #preemptYoungest(claimant: Sequence): boolean {
    const victim = this.#running[this.#running.length - 1];
    if (victim === undefined || !claimant.precedes(victim)) return false;
    this.#running.pop();
    this.#leavePages(victim, 0);
    enqueue(this.#waiting, victim, "waiting");
    this.#preemptions += 1;
    return true;
  }

  #takeOut(sequence: Sequence): void {
    dequeue(this.#running, sequence);
    dequeue(this.#waiting, sequence);
    sequence.state = "done";
  }

  /** Leaves what the sequence computed to the cache. */
  #leavePages(sequence: Sequence, keepUntilMs: number): void {
    const { pages, tokens, computed, domain, indexed } = sequence;
    const last = this.#index.insertTail(pages, tokens, computed, domain, indexed);
    if (last !== null && keepUntilMs > 0) this.#index.protect(last, keepUntilMs);
    this.#dropPages(sequence);
  }

  #dropPages(sequence: Sequence): void {
    this.#pool.truncate(sequence.pages, 0);
    sequence.computed = 0;
    sequence.indexed = null;
  }

  /** `known` rows of the sequence's tokens, then `drafted` ones. */
  #take(sequence: Sequence, known: number, decodes: boolean, drafted: number): void {
    const rows = known + drafted;
    const logitRows = sequence.logitRowsFor(known) + drafted;
    this.#plan.chunks.push({ sequence, rows, logitRows, drafted });
    this.#plan.tokens += rows;
    this.#plan.logitRows += logitRows;
    this.#plan.attendedPositions += attendedBy(sequence.computed, rows);
    const added = decodes ? drafted : rows;
    if (added === 0) return;
    this.#prefill.rows -= added;
    if (this.#prefill.ms === Infinity) return;
    this.#prefill.ms -= this.#times.predictAdded(sequence.computed + rows - added, added);
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
}

function holdsOf({ pages, domain }: Sequence): PageHold[] {
  return Array.from({ length: pages.length }, (_, index) => ({ page: pages.at(index), domain }));
}

/** Inserts in the order of service; most arrivals are the last, so the search begins at the end. */
function enqueue(queue: Sequence[], sequence: Sequence, state: "running" | "waiting"): void {
  let index = queue.length;
  while (index > 0 && queue[index - 1]?.precedes(sequence) === false) index -= 1;
  queue.splice(index, 0, sequence);
  sequence.state = state;
}

function dequeue(queue: Sequence[], sequence: Sequence): void {
  const index = queue.indexOf(sequence);
  if (index >= 0) queue.splice(index, 1);
}
