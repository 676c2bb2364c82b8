/**
 * The main side of the step-loop thread: sends orders, hands each event to its order, and sees to it
 * that every accepted order gets its terminal event even when the thread dies.
 */

import type { MessagePort } from "node:worker_threads";
import { TurnwiseError, turnwiseError } from "../../base/errors.ts";
import { emptyDistribution } from "../../base/distribution.ts";
import { invariant, unreachable } from "../../base/invariant.ts";
import type { WaitingLimits } from "../engine-settings.ts";
import { EngineThread } from "./engine-thread.ts";
import { EVICTION_IDLE_SECONDS } from "../schedule/prefix-index.ts";
import type { Order } from "../step/order.ts";
import { WaitingRoom } from "./waiting-room.ts";
import type {
  FromStepWorker,
  PlainEngineOptions,
  StepEvent,
  StepWorkerData,
  TokenBytes,
  ToStepWorker,
} from "./step-messages.ts";
import type { CachedText, EngineCapacity, EngineStats, LoadProgress, ModelInfo } from "../types.ts";
import { workerEntry } from "./worker-entry.ts";

export interface StepClientCallbacks {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
  /** After each step, with the time at which the thread took its events, by its own clock. */
  readonly onStep?: (atMs: number, events: readonly StepEvent[]) => void;
}

export interface StepClientSource {
  /** By which the thread gets the vocabulary; by default it decodes it itself. */
  readonly vocabulary?: MessagePort | null;
  readonly entry?: URL;
}

type Ready = Extract<FromStepWorker, { kind: "ready" }>;

export class StepClient {
  readonly #thread: EngineThread<ToStepWorker, FromStepWorker>;
  readonly #callbacks: StepClientCallbacks;
  #loading: { readonly resolve: (ready: Ready) => void; readonly reject: (error: TurnwiseError) => void } | null = null;
  #ready: Ready | null = null;
  /** Of accepted orders, until their terminal event. */
  readonly #listeners = new Map<number, (event: StepEvent) => void>();
  #room: WaitingRoom | null = null;
  /** As of the last step. */
  #stats: EngineStats | null = null;
  #lastId = 0;
  #keep: () => void = () => {};
  readonly #kept = new Promise<void>((resolve) => {
    this.#keep = resolve;
  });
  /** Why nothing more can be done, once so. */
  #end: TurnwiseError | null = null;
  #disposal: Promise<void> | null = null;

  private constructor(data: StepWorkerData, callbacks: StepClientCallbacks, entry: URL) {
    this.#callbacks = callbacks;
    this.#thread = new EngineThread<ToStepWorker, FromStepWorker>(
      "step-loop",
      entry,
      data,
      data.vocabulary === null ? [] : [data.vocabulary],
      (message) => this.#receive(message),
      (error) => this.#die(error),
    );
  }

  /** Starts the thread; resolves when the model is loaded, rejects with why it cannot be. */
  static async start(
    options: PlainEngineOptions,
    callbacks: StepClientCallbacks = {},
    { vocabulary = null, entry = workerEntry("step-worker") }: StepClientSource = {},
  ): Promise<StepClient> {
    const client = new StepClient({ options, vocabulary }, callbacks, entry);
    client.#thread.hold();
    try {
      client.#ready = await new Promise<Ready>((resolve, reject) => {
        client.#loading = { resolve, reject };
      });
      const { admission, capacity } = client.#ready;
      client.#room = new WaitingRoom({ ...admission, maxSequences: capacity.maxSequences });
    } finally {
      client.#loading = null;
      client.#thread.release();
    }
    return client;
  }

  get model(): ModelInfo {
    return this.#loaded().model;
  }

  get capacity(): EngineCapacity {
    return this.#loaded().capacity;
  }

  /** Tokens by which a reader may be behind. */
  get maxUnreadTokens(): number {
    return this.#loaded().admission.maxUnreadTokens;
  }

  get tokenBytes(): TokenBytes {
    return this.#loaded().tokenBytes;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /**
   * Accepts an order or throws `queue_full` or `tenant_queue_full`. `listener` then gets its events in order, the
   * terminal one last.
   */
  submit(order: Order, listener: (event: StepEvent) => void): void {
    this.#requireAlive();
    this.#room?.enter(order, this.#stats?.waitMs ?? 0);
    this.#listeners.set(order.id, listener);
    this.#thread.hold();
    this.#thread.post({ kind: "submit", order });
  }

  /** Ends an order within one step; harmless when it has ended. */
  cancel(id: number): void {
    if (this.#end === null && this.#listeners.has(id)) this.#thread.post({ kind: "cancel", id });
  }

  /** The order stops until its reader, who is behind, has caught up. */
  park(id: number): void {
    if (this.#end !== null || !this.#listeners.has(id)) return;
    this.#room?.park(id);
    this.#thread.post({ kind: "park", id });
  }

  resume(id: number): void {
    if (this.#end !== null || !this.#listeners.has(id)) return;
    this.#room?.resume(id);
    this.#thread.post({ kind: "resume", id });
  }

  /** What is cached of a text is evicted last, for so many milliseconds. */
  keep(text: Required<CachedText>, ms: number): void {
    if (this.#end === null) this.#thread.post({ kind: "keep", text, ms });
  }

  /** As of the last step; orders that the thread has not met yet count as waiting. */
  stats(): EngineStats {
    this.#requireAlive();
    const stats = this.#stats ?? emptyStats(this.capacity);
    const waiting = Math.max(0, this.#listeners.size - stats.running - stats.parked);
    return { ...stats, waiting, waitingTokens: this.#room?.waitingTokens ?? 0 };
  }

  limitWaiting(limits: WaitingLimits): void {
    this.#room?.limit(limits);
  }

  /** Resolves when nothing writes packed weights any more. */
  async weightsKept(): Promise<void> {
    if (this.#end !== null) return;
    this.#thread.hold();
    await this.#kept;
    this.#thread.release();
  }

  /** Fails what runs with `engine_disposed` and joins the thread. Idempotent. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    if (this.#end === null) await this.#thread.join({ kind: "dispose" });
    // The thread has failed what it knew of; messages that crossed its end are failed here.
    this.#die(turnwiseError("engine_disposed"));
  }

  #loaded(): Ready {
    invariant(this.#ready !== null, "the model is loaded");
    return this.#ready;
  }

  #requireAlive(): void {
    if (this.#disposal !== null) throw turnwiseError("engine_disposed");
    if (this.#end !== null) throw this.#end;
  }

  #receive(message: FromStepWorker): void {
    switch (message.kind) {
      case "progress":
        this.#callbacks.onProgress?.(message.progress);
        return;
      case "warning":
        this.#callbacks.onWarning?.(message.message);
        return;
      case "ready":
        this.#loading?.resolve(message);
        return;
      case "loadFailed":
      case "loopFailed":
        this.#die(TurnwiseError.deserialize(message.error));
        return;
      case "weightsKept":
        this.#keep();
        return;
      case "step":
        this.#stats = message.stats;
        this.#callbacks.onStep?.(message.atMs, message.events);
        for (const event of message.events) this.#dispatch(event);
        return;
      default:
        unreachable(message);
    }
  }

  #dispatch(event: StepEvent): void {
    const listener = this.#listeners.get(event.id);
    this.#room?.begin(event.id);
    if (event.kind !== "part" || event.part.kind === "end") this.#forget(event.id);
    listener?.(event);
  }

  /** The order needs the thread no more. */
  #forget(id: number): void {
    this.#room?.leave(id);
    if (this.#listeners.delete(id)) this.#thread.release();
  }

  /** Nothing more comes from the thread: everyone who waits is told. */
  #die(error: TurnwiseError): void {
    this.#end ??= error;
    this.#loading?.reject(error);
    this.#keep();
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const [id, listener] of listeners) listener({ kind: "failed", id, error: error.toJSON() });
  }
}

function emptyStats({ pages }: EngineCapacity): EngineStats {
  return {
    running: 0,
    waiting: 0,
    parked: 0,
    waitMs: 0,
    waitingTokens: 0,
    pagesShared: 0,
    pagesUsed: 0,
    pagesCached: 0,
    pagesTotal: pages,
    steps: 0,
    promptTokens: 0,
    outputTokens: 0,
    preemptions: 0,
    evictions: 0,
    evictionIdle: emptyDistribution(EVICTION_IDLE_SECONDS),
    finished: 0,
    cancelled: 0,
    failed: 0,
  };
}
