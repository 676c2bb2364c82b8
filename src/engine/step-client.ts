/**
 * The main side of the step-loop thread: sends orders, hands each event to its order, and sees to it
 * that every accepted order gets its terminal event even when the thread dies.
 */

import { TurnwiseError, turnwiseError } from "../base/errors.ts";
import { invariant, unreachable } from "../base/invariant.ts";
import { EngineThread } from "./engine-thread.ts";
import type { Order } from "./order.ts";
import type { FromStepWorker, PlainEngineOptions, StepEvent, TokenBytes, ToStepWorker } from "./step-messages.ts";
import type { EngineCapacity, EngineStats, LoadProgress, ModelInfo } from "./types.ts";
import { workerEntry } from "./worker-entry.ts";

export interface StepClientCallbacks {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Each step's events with the time at which the thread took them, by its own clock. */
  readonly onEvents?: (atMs: number, events: readonly StepEvent[]) => void;
}

type Ready = Extract<FromStepWorker, { kind: "ready" }>;

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: TurnwiseError) => void;
}

export class StepClient {
  readonly #thread: EngineThread<ToStepWorker, FromStepWorker>;
  readonly #callbacks: StepClientCallbacks;
  #loading: Waiter<Ready> | null = null;
  #ready: Ready | null = null;
  readonly #submitting = new Map<number, Waiter<void>>();
  /** Accepted or about to be, until their terminal event. */
  readonly #listeners = new Map<number, (event: StepEvent) => void>();
  readonly #statsWaiters = new Map<number, Waiter<EngineStats>>();
  #lastId = 0;
  /** Why nothing more can be done, once so. */
  #end: TurnwiseError | null = null;
  #disposal: Promise<void> | null = null;

  private constructor(options: PlainEngineOptions, callbacks: StepClientCallbacks, entry: URL) {
    this.#callbacks = callbacks;
    this.#thread = new EngineThread<ToStepWorker, FromStepWorker>(
      "step-loop",
      entry,
      options,
      (message) => this.#receive(message),
      (error) => this.#die(error),
    );
  }

  /** Starts the thread; resolves when the model is loaded, rejects with why it cannot be. */
  static async start(
    options: PlainEngineOptions,
    callbacks: StepClientCallbacks = {},
    entry: URL = workerEntry("step-worker"),
  ): Promise<StepClient> {
    const client = new StepClient(options, callbacks, entry);
    client.#thread.hold();
    try {
      client.#ready = await new Promise<Ready>((resolve, reject) => {
        client.#loading = { resolve, reject };
      });
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

  get tokenBytes(): TokenBytes {
    return this.#loaded().tokenBytes;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /**
   * Resolves when the order is accepted, rejects when it is refused. `listener` then gets its events in
   * order, the terminal one last.
   */
  async submit(order: Order, listener: (event: StepEvent) => void): Promise<void> {
    this.#requireAlive();
    this.#listeners.set(order.id, listener);
    this.#thread.hold();
    await new Promise<void>((resolve, reject) => {
      this.#submitting.set(order.id, { resolve, reject });
      this.#thread.post({ kind: "submit", order });
    });
  }

  /** Ends an order within one step; harmless when it has ended. */
  cancel(id: number): void {
    if (this.#end === null && this.#listeners.has(id)) this.#thread.post({ kind: "cancel", id });
  }

  async stats(): Promise<EngineStats> {
    this.#requireAlive();
    const id = this.nextId();
    this.#thread.hold();
    return new Promise<EngineStats>((resolve, reject) => {
      this.#statsWaiters.set(id, { resolve, reject });
      this.#thread.post({ kind: "stats", id });
    });
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
        this.#die(TurnwiseError.deserialize(message.error));
        return;
      case "accepted":
        this.#settle(this.#submitting, message.id)?.resolve();
        return;
      case "refused":
        this.#forget(message.id);
        this.#settle(this.#submitting, message.id)?.reject(TurnwiseError.deserialize(message.error));
        return;
      case "events":
        this.#callbacks.onEvents?.(message.atMs, message.events);
        for (const event of message.events) this.#dispatch(event);
        return;
      case "stats":
        this.#thread.release();
        this.#settle(this.#statsWaiters, message.id)?.resolve(message.stats);
        return;
      case "disposed":
        return;
      default:
        unreachable(message);
    }
  }

  #dispatch(event: StepEvent): void {
    const listener = this.#listeners.get(event.id);
    if (event.kind !== "part" || event.part.kind === "end") this.#forget(event.id);
    listener?.(event);
  }

  /** The order needs the thread no more. */
  #forget(id: number): void {
    if (this.#listeners.delete(id)) this.#thread.release();
  }

  #settle<T>(waiters: Map<number, Waiter<T>>, id: number): Waiter<T> | undefined {
    const waiter = waiters.get(id);
    waiters.delete(id);
    return waiter;
  }

  /** Nothing more comes from the thread: everyone who waits is told. */
  #die(error: TurnwiseError): void {
    this.#end ??= error;
    this.#loading?.reject(error);
    for (const [id, waiter] of this.#submitting) {
      this.#listeners.delete(id);
      waiter.reject(error);
    }
    this.#submitting.clear();
    for (const waiter of this.#statsWaiters.values()) waiter.reject(error);
    this.#statsWaiters.clear();
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const [id, listener] of listeners) listener({ kind: "failed", id, error: error.toJSON() });
  }
}
