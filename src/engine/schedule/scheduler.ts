/**
 * What the next step computes. Deterministic and synchronous: the same arrivals give the same plans.
 *
 * Continuous batching (Yu et al. 2022, "Orca") with chunked prefill (Agrawal et al. 2024,
 * "Sarathi-Serve"): each step takes a row of every sequence that decodes and fills up with chunks of
 * prompts, as far as they add no more time than may be. Who is next among prompts: the higher priority, then the
 * tenant that has had the least by its weight (`fair-shares.ts`), then what is due first.
 *
 * A sequence that is let in begins with the pages of the longest prefix that is known of it. Where a running
 * one is just computing more of that prefix, it waits for it.
 *
 * When pages run out, nobody is let in, then cached pages are evicted, then a running sequence is preempted
 * (`page-claims.ts`): it leaves its pages to the cache and later computes again what was evicted of them. So are
 * those that give way to the next in line (`give-way.ts`), where it lacks a place or pages.
 */

import { invariant } from "../../base/invariant.ts";
import { FairShares } from "./fair-shares.ts";
import { givesWay } from "./give-way.ts";
import { KnownPrefix } from "./known-prefix.ts";
import { PageClaims } from "./page-claims.ts";
import type { PageHold, PagePool } from "./page-pool.ts";
import { PrefillBudget, type PrefillLimits } from "./prefill-budget.ts";
import type { PrefixIndex } from "./prefix-index.ts";
import { PromptLine } from "./prompt-line.ts";
import type { Sequence } from "./sequence.ts";
import { ServiceQueue } from "./service-queue.ts";
import { StepPlan } from "./step-plan.ts";
import type { StepTimes } from "./step-times.ts";

export interface SchedulerLimits extends PrefillLimits {
  /** Sequences that run at once. */
  readonly maxSequences: number;
  /** Logits rows of one step. */
  readonly maxLogitRows: number;
}

/** What came of letting a sequence in; where it waits on, for what. */
type Admission = "running" | "awaits prefix" | "awaits quota" | "awaits room";

const NOBODY: readonly Sequence[] = [];

export class Scheduler {
  readonly #limits: SchedulerLimits;
  readonly #pool: PagePool;
  readonly #index: PrefixIndex;
  readonly #budget: PrefillBudget;
  readonly #claims: PageClaims;
  readonly #prefixes: KnownPrefix;
  readonly #shares = new FairShares();
  readonly #running = new ServiceQueue();
  readonly #waiting = new ServiceQueue();
  readonly #parked = new Set<Sequence>();
  readonly #plan = new StepPlan();
  readonly #line = new PromptLine(this.#shares);
  #preemptions = 0;

  constructor(pool: PagePool, index: PrefixIndex, times: StepTimes, limits: SchedulerLimits) {
    // One row must always be left for a prompt, or arrivals could starve behind full batches.
    const places = Math.min(limits.maxSequences, limits.maxLogitRows, Math.max(1, limits.maxStepTokens - 1));
    this.#limits = { ...limits, maxSequences: places };
    this.#pool = pool;
    this.#index = index;
    this.#budget = new PrefillBudget(times, limits);
    this.#prefixes = new KnownPrefix(pool, index);
    this.#claims = new PageClaims(
      pool,
      index,
      () => this.running,
      (victim) => {
        this.#line.close();
        this.#preempt(victim);
      },
    );
  }

  get running(): readonly Sequence[] {
    return this.#running.items;
  }

  get waiting(): readonly Sequence[] {
    return this.#waiting.items;
  }

  get parked(): ReadonlySet<Sequence> {
    return this.#parked;
  }

  /** Sequences that run at once. */
  get places(): number {
    return this.#limits.maxSequences;
  }

  get hasWork(): boolean {
    return this.#running.length > 0 || this.#waiting.length > 0;
  }

  get preemptions(): number {
    return this.#preemptions;
  }

  add(sequence: Sequence): void {
    this.#enqueue(sequence);
  }

  /** Takes a sequence out, whatever its state; what it computed stays in the cache. */
  remove(sequence: Sequence): void {
    this.#leavePages(sequence);
    this.#takeOut(sequence, "done");
  }

  /** Takes out a sequence of a step that failed: what its last page holds is not known. */
  discard(sequence: Sequence): void {
    this.#dropPages(sequence);
    this.#takeOut(sequence, "done");
  }

  /** Stops a sequence until `resume`; what it computed stays in the cache. */
  park(sequence: Sequence): void {
    this.#leavePages(sequence);
    this.#takeOut(sequence, "parked");
    this.#parked.add(sequence);
  }

  /** A parked sequence goes on when its turn comes. */
  resume(sequence: Sequence): void {
    invariant(this.#parked.delete(sequence), "a parked sequence is resumed");
    this.#enqueue(sequence);
  }

  /** The next step; its chunks are empty when nothing is to be done. Valid until the next plan. */
  plan(): StepPlan {
    const plan = this.#plan;
    plan.clear();
    this.#line.open(this.running, this.waiting);
    this.#makeWay();
    this.#budget.open(this.running);
    // In order: a sequence that loses its pages comes later. The list shrinks while this runs.
    for (let index = 0; index < this.running.length; index++) {
      const sequence = this.running[index];
      if (sequence?.decodes === true) this.#decode(sequence);
    }
    this.#prefill();
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
    sequence.rowsInPlace += rows;
    const { pages, tokens, computed, domain, indexed } = sequence;
    if (pages.length > this.#pool.pagesFor(computed)) this.#pool.truncate(pages, this.#pool.pagesFor(computed));
    sequence.indexed = this.#index.insert(pages, tokens, computed, domain, indexed);
  }

  /** Throws unless queues, states, pages and prefix tree agree. */
  checkInvariants(): void {
    const all = [...this.running, ...this.waiting, ...this.#parked];
    this.#pool.checkInvariants([...all.flatMap(holdsOf), ...this.#index.pins()], this.#index.holds());
    this.#index.checkInvariants();
    for (const queue of [this.running, this.waiting]) {
      for (let index = 1; index < queue.length; index++) {
        const [before, after] = [queue[index - 1], queue[index]];
        if (before && after) invariant(before.precedes(after), "queues are in the order of service");
      }
    }
    for (const sequence of this.running) invariant(sequence.state === "running", "what runs is marked so");
    for (const { state } of this.waiting) invariant(state === "waiting", "what waits is marked so");
    for (const { state } of this.#parked) invariant(state === "parked", "what is parked is marked so");
    for (const { state, computed, pages, indexed } of all) {
      if (state !== "running") invariant(pages.length === 0, "what does not run holds no pages");
      invariant(pages.length === this.#pool.pagesFor(computed), "pages cover the computed tokens");
      invariant((indexed?.depth ?? 0) === Math.floor(computed / this.#pool.pageTokens), "full pages are in the tree");
      if (indexed !== null) invariant(pages.at(indexed.depth - 1) === indexed.page, "pages are those of the tree");
    }
    invariant(this.running.length <= this.#limits.maxSequences, "no more run than may");
    for (const { domain } of all) {
      const live = [...this.running, ...this.waiting].filter((other) => other.domain.tenant === domain.tenant).length;
      invariant(domain.tenant.live === live, "the sequences of a tenant are counted");
    }
  }

  #decode(sequence: Sequence): void {
    const wanted = sequence.rowsWithin(1, this.#logitRowsLeft(sequence));
    const reached = this.#claims.claim(sequence, wanted, true, this.#plan.copies);
    if (reached === 0) return;
    const drafted = this.#draftRows(sequence);
    if (drafted > 0) this.#budget.spend(sequence.computed + reached, drafted);
    this.#plan.add(sequence, reached + drafted, drafted);
    this.#shares.charge(sequence, reached + drafted, true);
  }

  /**
   * How many tokens of its draft a decoding sequence can have computed with its last token: as prompts do
   * they add no more time than may be, and they take no row or page that another sequence could need.
   */
  #draftRows({ draft, computed, pages, domain }: Sequence): number {
    if (draft.length === 0) return 0;
    const pool = this.#pool;
    const plan = this.#plan;
    const unplanned = this.running.length - plan.chunks.length;
    const spareLogitRows = this.#limits.maxLogitRows - plan.logitRows - unplanned;
    const rows = this.#budget.spareRows(computed + 1, Math.min(draft.length, spareLogitRows));
    const end = computed + 1 + rows;
    if (
      rows <= 0 ||
      pool.pagesNeeded(pages, computed + 1, end) + this.running.length > pool.availableTo(domain.tenant)
    ) {
      return 0;
    }
    pool.extend(pages, domain, computed + 1, end, plan.copies);
    return rows;
  }

  /** Chunks of prompts, of running sequences and of waiting ones that are let in, in the order of who is next. */
  #prefill(): void {
    while (!this.#budget.isSpent) {
      if (this.running.length >= this.#limits.maxSequences) this.#line.close();
      const next = this.#line.next();
      if (next === null) return;
      if (next.state === "running") this.#takePrompt(next, this.#claimPrompt(next, true));
      else this.#admit(next);
    }
  }

  /**
   * Where there is no room, nobody behind it goes first, or it might wait for ever. Those that wait for a prefix are
   * passed over, and tenants that have their quota already.
   */
  #admit(next: Sequence): void {
    const admission = this.#letIn(next);
    if (admission === "awaits room") this.#line.close();
    if (admission === "awaits quota") this.#line.close(next.domain.tenant);
  }

  /** Lets a waiting sequence in, never for pages of a running one. */
  #letIn(sequence: Sequence): Admission {
    if (this.#claims.isAtQuota(sequence.domain.tenant)) return "awaits quota";
    const prefix = this.#prefixes.find(sequence, this.running);
    if (prefix === null) return "awaits prefix";
    this.#prefixes.hold(sequence, prefix);
    const isWithinQuota = this.#claims.isWithinQuota(sequence);
    const hasRoom = isWithinQuota && this.#claims.hasRoomFor(sequence);
    if (hasRoom) this.#index.use(prefix.match);
    const rows = hasRoom ? this.#claimPrompt(sequence, false) : 0;
    if (rows === 0) {
      this.#dropPages(sequence);
      return isWithinQuota ? "awaits room" : "awaits quota";
    }
    this.#waiting.remove(sequence);
    this.#running.add(sequence);
    sequence.state = "running";
    sequence.cachedTokens ??= sequence.computed;
    sequence.rowsInPlace = 0;
    this.#takePrompt(sequence, rows);
    return "running";
  }

  #claimPrompt(sequence: Sequence, mayPreempt: boolean): number {
    const rows = sequence.rowsWithin(this.#budget.rowsFor(sequence), this.#logitRowsLeft(sequence));
    return this.#claims.claim(sequence, rows, mayPreempt, this.#plan.copies);
  }

  #takePrompt(sequence: Sequence, rows: number): void {
    if (rows === 0) return;
    this.#shares.choose(sequence);
    this.#budget.take(sequence, rows);
    this.#plan.add(sequence, rows);
    this.#shares.charge(sequence, rows, false);
  }

  /** Where the next in line lacks a place or pages, those give way to it that have to, if that is enough. */
  #makeWay(): void {
    if (this.waiting.length === 0) return;
    for (const next of this.#line.firstWaiting()) {
      const victims = this.#victimsFor(next);
      if (victims === null) continue;
      for (const victim of victims) {
        if (!victim.decodes) victim.placesLost += 1;
        this.#preempt(victim);
      }
      return;
    }
  }

  /** Who gives way to `next`; null where it is passed over: it waits for its prefix, or for its tenant's quota. */
  #victimsFor(next: Sequence): readonly Sequence[] | null {
    const claims = this.#claims;
    const needsPlace = this.running.length >= this.#limits.maxSequences;
    // Without what the cache has of it: it needs no more than that.
    const isWithinQuota = claims.isWithinQuota(next);
    if (!needsPlace && isWithinQuota && claims.hasRoomFor(next)) return NOBODY;
    const yielding = this.running.filter((sequence) => givesWay(sequence, next, 0));
    if (yielding.length === 0) return isWithinQuota ? NOBODY : null;
    const prefix = this.#prefixes.find(next, this.running);
    if (prefix === null) return null;
    this.#prefixes.hold(next, prefix);
    const lastFirst = yielding.toSorted((left, right) => (this.#shares.precedes(left, right) ? 1 : -1));
    const mayLose = (victim: Sequence, tokens: number): boolean => givesWay(victim, next, tokens);
    const victims = claims.victimsFor(next, lastFirst, needsPlace, mayLose);
    const isPassedOver = victims === null && !claims.isWithinQuota(next);
    this.#dropPages(next);
    return isPassedOver ? null : (victims ?? NOBODY);
  }

  /** Takes the pages of a running sequence, and its rows of this step, and lets it wait. */
  #preempt(victim: Sequence): void {
    const { decodes } = victim;
    this.#shares.charge(victim, -this.#plan.drop(victim), decodes);
    this.#running.remove(victim);
    this.#leavePages(victim);
    victim.state = "waiting";
    victim.preemptions += 1;
    this.#waiting.add(victim);
    this.#line.drop(victim);
    this.#preemptions += 1;
  }

  #enqueue(sequence: Sequence): void {
    this.#shares.enter(sequence, this.waiting);
    this.#waiting.add(sequence);
    sequence.state = "waiting";
  }

  #takeOut(sequence: Sequence, state: "done" | "parked"): void {
    if (this.#running.remove(sequence) || this.#waiting.remove(sequence)) this.#shares.leave(sequence);
    this.#parked.delete(sequence);
    sequence.state = state;
  }

  /** Leaves what the sequence computed to the cache. */
  #leavePages(sequence: Sequence): void {
    const { pages, tokens, computed, domain, indexed } = sequence;
    this.#index.insertTail(pages, tokens, computed, domain, indexed);
    this.#dropPages(sequence);
  }

  #dropPages(sequence: Sequence): void {
    this.#pool.truncate(sequence.pages, 0);
    sequence.computed = 0;
    sequence.indexed = null;
  }

  /** Logits rows that `sequence` may use; a score leaves one for each generation that runs. */
  #logitRowsLeft(sequence: Sequence): number {
    const left = this.#limits.maxLogitRows - this.#plan.logitRows;
    if (sequence.score === null) return left;
    let reserved = 0;
    for (const other of this.running) if (other.score === null) reserved += 1;
    for (const { sequence: planned, logitRows } of this.#plan.chunks) if (planned.score === null) reserved -= logitRows;
    return Math.max(0, left - reserved);
  }
}

function holdsOf({ pages, domain }: Sequence): PageHold[] {
  return Array.from({ length: pages.length }, (_, index) => ({ page: pages.at(index), domain }));
}
