/**
 * A request that runs for everyone who sends it under its key. It goes on when its client leaves, for a while: a
 * client whose connection broke comes back with the key, and finds its answer where it would have been.
 */

import { turnwiseError } from "../../base/errors.ts";
import type { RequestScope } from "../request-scope.ts";
import { RecordedBody } from "./recorded-body.ts";

/** Longer than clients wait before they try again; the work of one who does not come back is lost after it. */
const UNATTENDED_MS = 30_000;

/** An answer of 8,192 tokens with 20 alternatives each, streamed, has about so many. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

export interface SharedHead {
  readonly status: number;
  readonly headers: Headers;
}

export class SharedRun {
  /** Of the body that it was asked with. */
  readonly digest: string;
  readonly body = new RecordedBody(MAX_BODY_BYTES);
  readonly #scope: RequestScope;
  #head: Promise<SharedHead> | null = null;
  #attending = 0;
  #timer: NodeJS.Timeout | null = null;
  #ended = false;

  /** `scope` is that of the request that began it. */
  constructor(digest: string, scope: RequestScope) {
    this.digest = digest;
    this.#scope = scope;
  }

  /** Runs `answer`. `onEnd` is called when all of it is recorded, or nothing came of it. */
  begin(answer: () => Promise<Response>, onEnd: (succeeded: boolean) => void): void {
    const end = (succeeded: boolean): void => {
      this.#ended = true;
      if (this.#timer !== null) clearTimeout(this.#timer);
      onEnd(succeeded);
    };
    this.#head = answer().then(
      (response) => {
        const recorded = response.body === null ? Promise.resolve() : this.body.record(response.body);
        // A stream that fails says so in an event.
        const finished = (): void => end(response.ok && this.#scope.error === null);
        void recorded.then(finished, finished);
        return { status: response.status, headers: response.headers };
      },
      (thrown: unknown) => {
        end(false);
        throw thrown;
      },
    );
    // Whoever attends hears of it.
    this.#head.catch(() => undefined);
  }

  /** Status and headers, once they are known. Throws what the request failed with. */
  head(): Promise<SharedHead> {
    return (
      this.#head ?? Promise.reject(turnwiseError("invariant_violated", { what: "a run begins before it is read" }))
    );
  }

  /** Someone waits for its answer; call what it gives when they have it, or have left. */
  attend(): () => void {
    this.#attending += 1;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    let attends = true;
    return () => {
      if (!attends) return;
      attends = false;
      this.#attending -= 1;
      if (this.#attending > 0 || this.#ended) return;
      this.#timer = setTimeout(() => this.#scope.cancel(turnwiseError("cancelled")), UNATTENDED_MS).unref();
    };
  }
}
