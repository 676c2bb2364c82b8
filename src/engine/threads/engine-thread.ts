/**
 * A thread of the engine as the main side holds it: counts who waits for it, so that an idle engine
 * does not keep the process alive; tells its owner when it dies; ends it.
 */

import type { MessagePort, Worker } from "node:worker_threads";
import type { TurnwiseError } from "../../base/errors.ts";
import { engineFailure } from "../engine-failure.ts";
import { PacedDelivery } from "./paced-delivery.ts";
import { takeThread } from "./worker-thread.ts";

/** A thread that was told to end and has not: it sits in one long native call. */
const JOIN_TIMEOUT_MS = 30_000;

export class EngineThread<ToThread, FromThread> {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #waiters = 0;
  #ended = false;

  /**
   * The thread of `entry` with its first message, called `name` in messages. `onDeath` is called at most once, when it ends
   * without having been told to.
   */
  constructor(
    name: string,
    entry: URL,
    data: object,
    transfer: readonly MessagePort[],
    onMessage: (message: FromThread) => void,
    onDeath: (error: TurnwiseError) => void,
  ) {
    let cause: TurnwiseError | null = null;
    const { worker, start } = takeThread(entry);
    this.#worker = worker;
    start.postMessage(data, transfer);
    const delivery = new PacedDelivery(onMessage);
    this.#worker.on("message", (message: FromThread) => delivery.push(message));
    this.#worker.on("error", (error) => {
      cause = engineFailure(error, `the ${name} thread failed`);
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", (code) => {
        delivery.flush();
        resolve();
        if (this.#ended) return;
        this.#ended = true;
        onDeath(cause ?? engineFailure(`the ${name} thread ended with code ${code}`));
      });
    });
  }

  post(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Someone waits for an answer: the process stays alive until `release`. */
  hold(): void {
    this.#waiters += 1;
    if (this.#waiters === 1) this.#worker.ref();
  }

  release(): void {
    this.#waiters -= 1;
    if (this.#waiters === 0) this.#worker.unref();
  }

  /** Sends `farewell` and waits until the thread is gone. */
  async join(farewell: ToThread): Promise<void> {
    this.#ended = true;
    this.hold();
    this.post(farewell);
    const timeout = setTimeout(() => void this.#worker.terminate(), JOIN_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timeout);
  }
}
