/** A client of a Turnwise server as the sessions' bench needs it: JSON calls, and turns with their first token's time. */

import { fail, TurnwiseError, turnwiseError } from "../../base/errors.ts";
import { streamData } from "../stream-data.ts";

export interface TurnTokens {
  readonly cached: number;
  readonly prefilled: number;
  readonly generated: number;
}

/** A turn, as its client met it. */
export interface TimedTurn extends TurnTokens {
  /** From sending the request to the first text or token. */
  readonly firstTokenMs: number;
  /** Of that what the engine took, from the turn's place in the batch to its first token. */
  readonly prefillMs: number;
  readonly turn: string | null;
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: object; readonly text?: string }[];
  readonly turnwise?: {
    readonly turn: string | null;
    readonly tokens: TurnTokens;
    readonly ms: { readonly prefill: number };
  };
  readonly error?: { readonly message?: string };
}

export class SessionApi {
  readonly #url: string;
  readonly #onChunk: () => void;

  /** `url` up to and including `/v1`; `onChunk` is called with each part of a stream. */
  constructor(url: string, onChunk: () => void = () => undefined) {
    this.#url = url;
    this.#onChunk = onChunk;
  }

  /** Throws `request_failed`. */
  async post<Answer>(path: string, body: object): Promise<Answer> {
    const response = await this.#send(path, body);
    return (await response.json()) as Answer;
  }

  /** A streamed request of one token or more, greedy. Throws `request_failed`. */
  async turn(path: string, body: object): Promise<TimedTurn> {
    const startMs = performance.now();
    const response = await this.#send(path, { temperature: 0, ignore_eos: true, ...body, stream: true });
    let firstTokenMs: number | null = null;
    let last: Chunk["turnwise"];
    for await (const data of streamData(response.body ?? [])) {
      const chunk = JSON.parse(data) as Chunk;
      if (chunk.error !== undefined) this.#fail(path, chunk.error.message ?? "an error event");
      if (chunk.choices !== undefined) firstTokenMs ??= performance.now() - startMs;
      last = chunk.turnwise ?? last;
      this.#onChunk();
    }
    if (last === undefined || firstTokenMs === null) return this.#fail(path, "the stream ended early");
    return { firstTokenMs, prefillMs: last.ms.prefill, turn: last.turn, ...last.tokens };
  }

  async #send(path: string, body: object): Promise<Response> {
    try {
      const headers = { "content-type": "application/json" };
      const response = await fetch(this.#url + path, { method: "POST", headers, body: JSON.stringify(body) });
      if (response.ok) return response;
      return this.#fail(path, `${response.status} ${(await response.text()).slice(0, 500)}`);
    } catch (error) {
      if (error instanceof TurnwiseError) throw error;
      throw turnwiseError("request_failed", {
        url: this.#url + path,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  #fail(path: string, reason: string): never {
    return fail("request_failed", { url: this.#url + path, reason });
  }
}
