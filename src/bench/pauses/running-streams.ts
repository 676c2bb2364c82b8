/** Streams that decode for as long as something else is measured: where one has ended, another begins. */

import { turnwiseError } from "../../base/errors.ts";
import { type ChatTarget, streamChat } from "../turns/chat-stream.ts";

/** Of each, so that some begin and end in the time. */
const STREAM_TOKENS = 1000;

export class RunningStreams {
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #begun: Promise<unknown>;

  /** `tokens` is what the context has room for. */
  constructor(target: ChatTarget, count: number, tokens: number) {
    const outputTokens = Math.min(STREAM_TOKENS, tokens);
    const streams = Array.from({ length: count }, (_, index) =>
      runStream(target, index, outputTokens, this.#stop.signal),
    );
    this.#begun = Promise.all(streams.map(({ begun }) => begun));
    this.#running = Promise.all(streams.map(({ running }) => running));
    // Whoever works beside them hears of it.
    this.#running.catch(() => undefined);
  }

  /** What `work` gives, begun when all streams have had a token. Rejects where a stream fails meanwhile. */
  async beside<Result>(work: () => Promise<Result>): Promise<Result> {
    const failed = this.#running.then(() => {
      throw turnwiseError("invariant_violated", { what: "streams run until they are stopped" });
    });
    await Promise.race([this.#begun, failed]);
    return Promise.race([work(), failed]);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running.catch(() => undefined);
  }
}

/** `running` resolves once `signal` has aborted. */
function runStream(
  target: ChatTarget,
  index: number,
  outputTokens: number,
  signal: AbortSignal,
): { readonly begun: Promise<void>; readonly running: Promise<void> } {
  let begin: (() => void) | null = null;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  // Asked for the time of each chunk with output.
  const clock = (): number => {
    begin?.();
    return performance.now();
  };
  const run = async (): Promise<void> => {
    for (let round = 0; !signal.aborted; round += 1) {
      const messages = [{ role: "user", content: `Stream ${index}, part ${round}.` }];
      const { failure } = await streamChat(target, { messages, outputTokens, signal }, clock);
      if (failure !== null && !signal.aborted) {
        throw turnwiseError("request_failed", { url: target.url, reason: `a stream failed: ${failure}` });
      }
    }
  };
  return { begun, running: run() };
}
