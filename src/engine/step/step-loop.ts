/**
 * The heart: schedule, step, sample, put out; again and again. Synchronous and deterministic: no I/O,
 * timer or promise, and the clock is given. `step-worker.ts` runs it in a thread of its own.
 *
 * Every accepted order ends in exactly one terminal event: `end`, `scored` or `failed`.
 */

import { toTurnwiseError, TurnwiseError, turnwiseError } from "../../base/errors.ts";
import { invariant } from "../../base/invariant.ts";
import type { Executor, SampleResult } from "../../graph/executor.ts";
import type { StepCosts } from "../../graph/step-costs.ts";
import { type ActiveOrder, startOrder, type TextPorts } from "./active-order.ts";
import { BatchAssembly } from "./batch-assembly.ts";
import { engineFailure } from "../engine-failure.ts";
import { Overdue } from "./overdue.ts";
import type { Order } from "./order.ts";
import { addSampleRows, advanceOrder } from "./order-step.ts";
import { type CacheDomain, CacheDomains } from "../schedule/cache-domain.ts";
import { WaitForecast } from "../schedule/wait-forecast.ts";
import { PagePool } from "../schedule/page-pool.ts";
import { PrefixIndex } from "../schedule/prefix-index.ts";
import { StepTimes } from "../schedule/step-times.ts";
import { SampleAssembly } from "./sample-assembly.ts";
import { TokenBuffer } from "./token-buffer.ts";
import { Scheduler, type SchedulerLimits } from "../schedule/scheduler.ts";
import type { Sequence } from "../schedule/sequence.ts";
import type { PlannedChunk, StepPlan } from "../schedule/step-plan.ts";
import type { StepEvent } from "../threads/step-messages.ts";
import type { CachedText, EngineStats } from "../types.ts";

export interface StepLoopOptions {
  readonly executor: Executor;
  readonly text: TextPorts;
  readonly limits: Pick<SchedulerLimits, "maxSequences" | "maxStallMs" | "minPrefillShare"> & {
    /** How long an order waits for a reader that is behind, before it ends. */
    readonly parkTimeoutMs: number;
  };
  readonly costs: StepCosts;
  /** Of the model and all that its K and V depend on. */
  readonly fingerprint: string;
  /** Bytes of the whole page pool; for messages. */
  readonly poolBytes: number;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
}

const NO_EVENTS: readonly StepEvent[] = [];

export class StepLoop {
  readonly #executor: Executor;
  readonly #text: TextPorts;
  readonly #clock: () => number;
  readonly #poolBytes: number;
  readonly #pool: PagePool;
  readonly #domains = new CacheDomains();
  readonly #index: PrefixIndex;
  readonly #times: StepTimes;
  readonly #scheduler: Scheduler;
  readonly #overdue: Overdue;
  readonly #forecast: WaitForecast;
  readonly #batch: BatchAssembly;
  readonly #sample: SampleAssembly;
  readonly #active = new Map<number, ActiveOrder>();
  #events: StepEvent[] = [];
  #nextAge = 0;
  readonly #counters = { steps: 0, promptTokens: 0, outputTokens: 0, finished: 0, cancelled: 0, failed: 0 };

  constructor(options: StepLoopOptions) {
    const { executor } = options;
    const { pages, pageTokens, maxTokens, maxLogitRows } = executor.limits;
    this.#executor = executor;
    this.#text = options.text;
    this.#clock = options.clock;
    this.#poolBytes = options.poolBytes;
    this.#pool = new PagePool(pages, pageTokens);
    const limits = { ...options.limits, maxStepTokens: maxTokens, maxLogitRows };
    this.#times = new StepTimes(options.costs);
    this.#index = new PrefixIndex(this.#pool, { fingerprint: options.fingerprint, clock: options.clock });
    this.#scheduler = new Scheduler(this.#pool, this.#index, this.#times, limits);
    this.#overdue = new Overdue(this.#index, this.#times, options.limits.parkTimeoutMs);
    this.#forecast = new WaitForecast(this.#scheduler, this.#times);
    this.#batch = new BatchAssembly(limits);
    this.#sample = new SampleAssembly(maxLogitRows, executor.vocabSize);
  }

  get hasWork(): boolean {
    return this.#scheduler.hasWork;
  }

  /**
   * Takes an order. One that the whole pool could not hold ends at once with `memory_insufficient`, one that cannot
   * be started with the reason: a grammar may compile and have no start within its limits.
   */
  submit(order: Order): void {
    invariant(!this.#active.has(order.id), "order ids are unique");
    const misfit = this.#misfit(order);
    if (misfit !== null) return this.fail(order.id, misfit);
    const active = this.#start(order);
    if (active instanceof TurnwiseError) return this.fail(order.id, active);
    this.#nextAge += active.sequences.length;
    this.#active.set(order.id, active);
    for (const sequence of active.sequences) this.#scheduler.add(sequence);
  }

  #start(order: Order): ActiveOrder | TurnwiseError {
    const { tenant, cacheKey } = order;
    this.#domains.forgetIdle(() => this.#heldDomains());
    const domain = publishes(order)
      ? this.#domains.everyone
      : this.#domains.of(tenant.name, cacheKey, this.#quotaOf(order), tenant.weight);
    try {
      return startOrder(order, domain, this.#nextAge, this.#clock(), this.#text);
    } catch (thrown) {
      return toTurnwiseError(thrown);
    }
  }

  *#heldDomains(): Iterable<CacheDomain> {
    for (const { sequences } of this.#active.values()) for (const { domain } of sequences) yield domain;
  }

  /** Ends an order with `cancelled`; of one that is gone already, nothing. */
  cancel(id: number): void {
    const active = this.#active.get(id);
    if (active === undefined) return;
    this.#counters.cancelled += 1;
    this.#drop(active, true);
    this.#events.push({ kind: "failed", id, error: turnwiseError("cancelled").toJSON() });
  }

  /** The order's reader is behind: it stops, and what it has computed stays only as long as nobody needs the room. */
  park(id: number): void {
    const active = this.#active.get(id);
    if (active === undefined || active.parkedMs !== null) return;
    active.parkedMs = this.#clock();
    for (const sequence of active.sequences) if (sequence.state !== "done") this.#scheduler.park(sequence);
  }

  /** The reader of a parked order has caught up. */
  resume(id: number): void {
    const active = this.#active.get(id);
    if (active === undefined || active.parkedMs === null) return;
    active.parkedMs = null;
    for (const sequence of active.sequences) if (sequence.state === "parked") this.#scheduler.resume(sequence);
  }

  /** What is cached of a text is evicted last, for so many milliseconds. */
  keep({ tokens, tenant, cacheKey }: Required<CachedText>, ms: number): void {
    const domain = this.#domains.find(tenant, cacheKey);
    if (domain === null) return;
    const { node, partial } = this.#index.match(new TokenBuffer(tokens), tokens.length, domain);
    const last = partial ?? node;
    if (last !== null) this.#index.protect(last, this.#clock() + ms);
  }

  /** When something is due although there is no work; Infinity where nothing is. */
  get nextDueMs(): number {
    return this.#overdue.nextMs(this.#active.values());
  }

  /** Ends what cannot end in time any more, and what has waited too long for its reader; gives how many. */
  endOverdue(): number {
    let ended = 0;
    const nowMs = this.#clock();
    for (const active of this.#active.values()) {
      const reason = this.#overdue.reasonOf(active, nowMs);
      if (reason === null) continue;
      this.#counters.cancelled += 1;
      this.#drop(active, true);
      this.#events.push({ kind: "failed", id: active.order.id, error: reason.toJSON() });
      ended += 1;
    }
    return ended;
  }

  /** Ends an order with `error`, also one that was not taken. */
  fail(id: number, error: TurnwiseError): void {
    const active = this.#active.get(id);
    this.#counters.failed += 1;
    if (active !== undefined) this.#drop(active, false);
    this.#events.push({ kind: "failed", id, error: error.toJSON() });
  }

  /** Ends every order with `error`. */
  failAll(error: TurnwiseError): void {
    for (const id of this.#active.keys()) this.fail(id, error);
  }

  /** One step of the model. What the executor throws fails the orders of this step and no other. */
  step(): void {
    this.endOverdue();
    // Running answers wait for the plan too.
    const startMs = this.#clock();
    const plan = this.#scheduler.plan();
    invariant(plan.chunks.length > 0 || !this.hasWork, "a step with work does some of it");
    if (plan.chunks.length === 0) return;
    this.#noteAdmissions(plan);
    const result = this.#execute(plan);
    if (result === null) return;
    this.#scheduler.commit();
    this.#counters.steps += 1;
    const nowMs = this.#clock();
    this.#times.observe(plan, nowMs - startMs);
    let row = 0;
    for (const chunk of plan.chunks) {
      this.#finishChunk(chunk, result, row, nowMs);
      row += chunk.logitRows;
    }
  }

  /** What happened since the last call. */
  takeEvents(): readonly StepEvent[] {
    if (this.#events.length === 0) return NO_EVENTS;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  stats(): EngineStats {
    const running = new Set(this.#scheduler.running.map((sequence) => sequence.orderId)).size;
    const parked = new Set([...this.#scheduler.parked].map((sequence) => sequence.orderId)).size;
    return {
      running,
      parked,
      waiting: this.#active.size - running - parked,
      waitingTokens: this.#waitingTokens(),
      waitMs: this.#forecast.waitMs(),
      pagesShared: this.#pool.shared,
      pagesUsed: this.#pool.inUse,
      pagesCached: this.#pool.evictable,
      pagesTotal: this.#pool.pages,
      preemptions: this.#scheduler.preemptions,
      evictions: this.#index.evictions,
      evictionIdle: this.#index.evictionIdle,
      ...this.#counters,
    };
  }

  #waitingTokens(): number {
    let tokens = 0;
    for (const { admittedMs, sequences } of this.#active.values()) {
      if (admittedMs === null) tokens += sequences[0]?.promptTokens ?? 0;
    }
    return tokens;
  }

  /** Throws unless queues, pages and orders agree; tests call it after every step. */
  checkInvariants(): void {
    this.#scheduler.checkInvariants();
    const live = [...this.#active.values()].flatMap(({ sequences }) =>
      sequences.filter(({ state }) => state !== "done"),
    );
    invariant(
      live.length === this.#scheduler.running.length + this.#scheduler.waiting.length + this.#scheduler.parked.size,
      "every live sequence is in a queue or parked, and nothing else",
    );
    if (this.#active.size > 0) return;
    invariant(
      this.#pool.inUse === this.#publishedPages,
      "an idle loop holds no pages but the cache's and published ones",
    );
  }

  #misfit(order: Order): TurnwiseError | null {
    const prompt = order.kind === "generate" ? order.prompt : order.tokens;
    const tokens = prompt.length + (order.kind === "generate" ? order.maxTokens : 0);
    // Half of the pool is left for what is not published.
    const most = publishes(order) ? Math.floor(this.#pool.pages / 2) : this.#pool.pages;
    const pages = Math.min(most - this.#publishedPages, this.#quotaOf(order));
    const needed = this.#pool.pagesFor(tokens) - this.#index.publishedPages(new TokenBuffer(prompt));
    if (needed <= pages) return null;
    const pageBytes = this.#poolBytes / this.#pool.pages;
    return turnwiseError("memory_insufficient", {
      what: publishes(order) ? `A shared prefix of ${prompt.length} tokens` : `A request of ${tokens} tokens`,
      neededBytes: Math.ceil(needed * pageBytes),
      availableBytes: Math.max(0, Math.floor(pages * pageBytes)),
      hint: "Ask for fewer tokens, or give the engine more KV memory.",
    });
  }

  get #publishedPages(): number {
    return this.#domains.everyone.tenant.used;
  }

  /** Pages that the order's tenant may hold. */
  #quotaOf({ tenant: { kvShare } }: Order): number {
    return kvShare >= 1 ? Infinity : Math.max(1, Math.floor(kvShare * this.#pool.pages));
  }

  #noteAdmissions(plan: StepPlan): void {
    let nowMs: number | null = null;
    for (const { sequence } of plan.chunks) {
      const active = this.#orderOf(sequence);
      if (active.admittedMs !== null) continue;
      nowMs ??= this.#clock();
      active.admittedMs = nowMs;
      // Found, not computed.
      active.reportedPrefillTokens = active.sequences[0]?.cachedTokens ?? 0;
    }
  }

  /** Runs the model and the sampler; on failure fails the orders of the plan and gives null. */
  #execute(plan: StepPlan): SampleResult | null {
    const executor = this.#executor;
    try {
      for (const { from, to, tokens } of plan.copies) executor.copyPage(from, to, tokens);
      executor.step(this.#batch.fill(plan));
      this.#sample.begin();
      for (const chunk of plan.chunks) addSampleRows(this.#orderOf(chunk.sequence), chunk, this.#sample);
      const result = this.#sample.result();
      if (plan.logitRows > 0) executor.sample(this.#sample.batch(), result);
      return result;
    } catch (thrown) {
      const error = engineFailure(thrown);
      for (const active of new Set(plan.chunks.map(({ sequence }) => this.#orderOf(sequence)))) {
        this.fail(active.order.id, error);
      }
      return null;
    }
  }

  /** Puts out what one sequence got from the step. A defect met here fails its order alone. */
  #finishChunk(chunk: PlannedChunk, result: SampleResult, row: number, nowMs: number): void {
    const { sequence } = chunk;
    const active = this.#active.get(sequence.orderId);
    // Gone when a sibling in this step failed the order.
    if (active === undefined) return;
    try {
      if (active.failure !== null) throw active.failure;
      const advance = advanceOrder(active, chunk, result, row, nowMs, this.#events);
      this.#counters.promptTokens += advance.promptTokens;
      this.#counters.outputTokens += advance.outputTokens;
      if (chunk.drafted > 0) this.#scheduler.commitRows(sequence, advance.outputTokens);
      if (advance.sequenceDone) this.#scheduler.remove(sequence);
      if (!advance.orderDone) return;
      this.#forecast.ended(nowMs);
      this.#counters.finished += 1;
      this.#active.delete(active.order.id);
    } catch (thrown) {
      this.fail(active.order.id, toTurnwiseError(thrown));
    }
  }

  /** Takes an order out; what it computed stays in the cache only where that is sound. */
  #drop(active: ActiveOrder, sound: boolean): void {
    for (const sequence of active.sequences) {
      if (sequence.state === "done") continue;
      if (sound) this.#scheduler.remove(sequence);
      else this.#scheduler.discard(sequence);
      active.choices[sequence.choice]?.constraint?.close();
    }
    this.#active.delete(active.order.id);
  }

  #orderOf(sequence: Sequence): ActiveOrder {
    const active = this.#active.get(sequence.orderId);
    invariant(active !== undefined, "a planned sequence has a live order");
    return active;
  }
}

function publishes(order: Order): boolean {
  return order.kind === "generate" && order.publish;
}
