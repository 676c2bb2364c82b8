/**
 * An accepted generation as its reader sees it: parts wait here until they are read. A reader who falls behind
 * by more tokens than may be stops the work until half of them are read, so what waits is bounded by that
 * and by what a step or two have put out meanwhile.
 */

import { TurnwiseError } from "../base/errors.ts";
import { at, unreachable } from "../base/invariant.ts";
import type { StepEvent, TokenBytes, WirePart, WireToken } from "./threads/step-messages.ts";
import type { Generation, StreamPart, TokenPiece } from "./types.ts";

interface Reader {
  readonly resolve: (result: IteratorResult<StreamPart, undefined>) => void;
  readonly reject: (error: TurnwiseError) => void;
}

/** The work behind a stream. None of these is called once it has ended. */
export interface StreamSource {
  readonly tokenBytes: TokenBytes;
  /** Tokens that may wait for the reader. */
  readonly maxUnreadTokens: number;
  /** Asks the step loop to end the work. */
  cancel(): void;
  /** Asks it to stop, and to go on. */
  park(): void;
  resume(): void;
}

export class GenerationStream implements Generation {
  readonly prompt: Int32Array;
  readonly #source: StreamSource;
  /** Tokens of the parts that wait. */
  #unreadTokens = 0;
  #isParked = false;
  /** From `#read` on, not yet read. */
  #parts: StreamPart[] = [];
  #read = 0;
  /** Who waits for the next parts, in order. */
  #readers: Reader[] = [];
  #error: TurnwiseError | null = null;
  #ended = false;
  #left = false;

  constructor(prompt: Int32Array, source: StreamSource) {
    this.prompt = prompt;
    this.#source = source;
  }

  get promptTokens(): number {
    return this.prompt.length;
  }

  get isParked(): boolean {
    return this.#isParked && !this.#ended;
  }

  cancel(): void {
    if (!this.#ended) this.#source.cancel();
  }

  /** Takes the next event of the order; after the reader has left, nothing is kept. */
  receive(event: StepEvent): void {
    if (this.#left) return;
    switch (event.kind) {
      case "part": {
        const part = withBytes(event.part, this.#source.tokenBytes);
        this.#ended = part.kind === "end";
        const reader = this.#readers.shift();
        if (reader === undefined) this.#keep(part);
        else reader.resolve({ done: false, value: part });
        if (this.#ended) this.#releaseReaders();
        return;
      }
      case "failed":
        this.#ended = true;
        this.#error = TurnwiseError.deserialize(event.error);
        if (this.#readers.length > 0) this.#readers.shift()?.reject(this.#takeError(this.#error));
        this.#releaseReaders();
        return;
      case "scored":
        return;
      default:
        unreachable(event);
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<StreamPart, undefined> {
    return { next: () => this.#next(), return: () => this.#return() };
  }

  async #next(): Promise<IteratorResult<StreamPart, undefined>> {
    if (this.#read < this.#parts.length) {
      const value = at(this.#parts, this.#read);
      this.#read += 1;
      this.#noteRead(value);
      if (this.#read === this.#parts.length) {
        this.#parts = [];
        this.#read = 0;
      }
      return { done: false, value };
    }
    if (this.#error !== null) throw this.#takeError(this.#error);
    if (this.#ended) return { done: true, value: undefined };
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  /** The reader leaves: the work ends, and nothing more is kept. */
  async #return(): Promise<IteratorResult<StreamPart, undefined>> {
    this.cancel();
    this.#left = true;
    this.#ended = true;
    this.#error = null;
    this.#parts = [];
    this.#read = 0;
    this.#releaseReaders();
    return { done: true, value: undefined };
  }

  #keep(part: StreamPart): void {
    this.#parts.push(part);
    this.#unreadTokens += tokensOf(part);
    if (this.#isParked || this.#ended || this.#unreadTokens <= this.#source.maxUnreadTokens) return;
    this.#isParked = true;
    this.#source.park();
  }

  #noteRead(part: StreamPart): void {
    this.#unreadTokens -= tokensOf(part);
    if (!this.isParked || this.#unreadTokens > this.#source.maxUnreadTokens / 2) return;
    this.#isParked = false;
    this.#source.resume();
  }

  #releaseReaders(): void {
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
  }

  /** Thrown once; afterwards the iterator is done. */
  #takeError(error: TurnwiseError): TurnwiseError {
    this.#error = null;
    return error;
  }
}

function tokensOf(part: StreamPart): number {
  return part.kind === "delta" ? part.tokens.length : 0;
}

function withBytes(part: WirePart, tokenBytes: TokenBytes): StreamPart {
  if (part.kind !== "delta") return part;
  return { ...part, tokens: part.tokens.map((token) => toPiece(token, tokenBytes)) };
}

function toPiece({ token, logprob, topTokens, topLogprobs }: WireToken, tokenBytes: TokenBytes): TokenPiece {
  const bytes = bytesOf(token, tokenBytes);
  if (logprob === undefined) return { token, bytes };
  if (topTokens === undefined) return { token, bytes, logprob };
  const top = topTokens.map((id, index) => ({
    token: id,
    bytes: bytesOf(id, tokenBytes),
    logprob: topLogprobs?.[index] ?? -Infinity,
  }));
  return { token, bytes, logprob, top };
}

/** A copy: readers may hand it to what refuses shared memory. */
function bytesOf(token: number, { bytes, offsets }: TokenBytes): Uint8Array {
  return new Uint8Array(bytes.subarray(offsets[token] ?? 0, offsets[token + 1] ?? 0));
}
