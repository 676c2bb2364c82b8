/** The main side of the text thread: one promise for each request, all rejected when the thread dies. */

import type { MessagePort } from "node:worker_threads";
import { TurnwiseError, turnwiseError } from "../../base/errors.ts";
import { unreachable } from "../../base/invariant.ts";
import { EngineThread } from "./engine-thread.ts";
import type { EngineOptions } from "../types.ts";
import type { FromTextWorker, TextRequest, TextResults, TextWorkerData, ToTextWorker } from "./text-messages.ts";
import { workerEntry } from "./worker-entry.ts";

interface Waiter {
  readonly resolve: (result: TextResults[keyof TextResults]) => void;
  readonly reject: (error: TurnwiseError) => void;
}

export class TextClient {
  readonly #thread: EngineThread<ToTextWorker, FromTextWorker>;
  readonly #waiters = new Map<number, Waiter>();
  #loading: { readonly resolve: () => void; readonly reject: (error: TurnwiseError) => void } | null = null;
  #lastId = 0;
  #end: TurnwiseError | null = null;
  #disposal: Promise<void> | null = null;

  private constructor(data: TextWorkerData) {
    this.#thread = new EngineThread<ToTextWorker, FromTextWorker>(
      "text",
      workerEntry("text-worker"),
      data,
      [data.vocabulary],
      (message) => this.#receive(message),
      (error) => this.#die(error),
    );
  }

  /** Starts the thread on the model's vocabulary; resolves when the tokeniser is ready. */
  static async start(
    { model, chatTemplate }: Pick<EngineOptions, "model" | "chatTemplate">,
    vocabulary: MessagePort,
  ): Promise<TextClient> {
    const client = new TextClient({ path: model, chatTemplate: chatTemplate ?? null, vocabulary });
    client.#thread.hold();
    try {
      await new Promise<void>((resolve, reject) => {
        client.#loading = { resolve, reject };
      });
    } finally {
      client.#loading = null;
      client.#thread.release();
    }
    return client;
  }

  async request<Kind extends TextRequest["kind"]>(
    request: Extract<TextRequest, { kind: Kind }>,
  ): Promise<TextResults[Kind]> {
    if (this.#disposal !== null) throw turnwiseError("engine_disposed");
    if (this.#end !== null) throw this.#end;
    this.#lastId += 1;
    const id = this.#lastId;
    this.#thread.hold();
    const result = await new Promise<TextResults[keyof TextResults]>((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
      this.#thread.post({ kind: "request", id, request });
    });
    return result as TextResults[Kind];
  }

  /** Rejects what waits with `engine_disposed` and joins the thread. Idempotent. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    if (this.#end === null) await this.#thread.join({ kind: "dispose" });
    this.#die(turnwiseError("engine_disposed"));
  }

  #receive(message: FromTextWorker): void {
    switch (message.kind) {
      case "ready":
        this.#loading?.resolve();
        return;
      case "loadFailed":
        this.#die(TurnwiseError.deserialize(message.error));
        return;
      case "done":
        this.#settle(message.id)?.resolve(message.result);
        return;
      case "failed":
        this.#settle(message.id)?.reject(TurnwiseError.deserialize(message.error));
        return;
      default:
        unreachable(message);
    }
  }

  #settle(id: number): Waiter | undefined {
    const waiter = this.#waiters.get(id);
    if (this.#waiters.delete(id)) this.#thread.release();
    return waiter;
  }

  #die(error: TurnwiseError): void {
    this.#end ??= error;
    this.#loading?.reject(error);
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(error);
  }
}
