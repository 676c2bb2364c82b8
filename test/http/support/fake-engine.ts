/**
 * A deterministic engine without a model: it says what a script tells it, as fast as it is told, and
 * counts what it was asked. It keeps the contract of `EngineApi` in what the server relies on:
 * refusal before acceptance, one end for each request, cancellation by signal, by `cancel()` and by
 * leaving the loop.
 */

import { emptyDistribution } from "../../../src/base/distribution.ts";
import { fail, turnwiseError } from "../../../src/base/errors.ts";
import type { TurnwiseError } from "../../../src/base/errors.ts";
import type {
  CachedText,
  EngineApi,
  EngineCapacity,
  EngineStats,
  GenerateRequest,
  Generation,
  ModelInfo,
  PromptScore,
  StreamPart,
  TokenPiece,
} from "../../../src/engine/types.ts";
import type { ChatInput } from "../../../src/text/template/types.ts";

export interface FakeScript {
  /** The output; choice i of several gets " i" appended. Each word is a token. */
  readonly text: string;
  /** Silence before the first token. */
  readonly prefillMs?: number;
  /** Silence between two tokens. */
  readonly tokenMs?: number;
  /** Raised after so many tokens. */
  readonly failure?: { readonly afterTokens: number; readonly error: TurnwiseError };
  /** The text is repeated until the request is cancelled. */
  readonly endless?: boolean;
  readonly reason?: "stop" | "length";
  /** What ended the text and is not part of it. */
  readonly stopString?: string;
  readonly hasChatTemplate?: boolean;
  readonly thinks?: boolean;
  /** Requests that may run; one more is refused with `queue_full`. */
  readonly capacity?: number;
}

const CONTEXT_TOKENS = 2000;
const BOS = 256;
export const FAKE_END_TOKEN = 257;
/** Bytes, BOS and the end token; a word of the output has the id of its first byte. */
export const FAKE_VOCAB_SIZE = 258;

const encoder = new TextEncoder();

export class FakeEngine implements EngineApi {
  readonly model: ModelInfo;
  readonly capacity: EngineCapacity = {
    backend: "fake",
    threads: 1,
    kvType: "f32",
    contextTokens: CONTEXT_TOKENS,
    maxSequences: 8,
    pages: 100,
    pageTokens: 32,
    weightBytes: 1,
    weightOrigin: null,
    kvBytes: 1,
    arenaBytes: 1,
    loadMs: 1,
  };
  readonly requests: GenerateRequest[] = [];
  readonly chats: ChatInput[] = [];
  readonly published: Int32Array[] = [];
  /** What it was asked to keep. */
  readonly kept: { readonly text: CachedText; readonly ms: number }[] = [];
  running = 0;
  cancelled = 0;
  tokensMade = 0;
  script: FakeScript;

  constructor(script: Partial<FakeScript> = {}) {
    this.script = { text: "Hello there, world!", ...script };
    this.model = {
      id: "fake-1b",
      name: "Fake 1B",
      path: "/models/fake-1b.gguf",
      architecture: "llama",
      parameters: 1000,
      fileBytes: 4000,
      contextTokens: CONTEXT_TOKENS,
      vocabSize: FAKE_VOCAB_SIZE,
      bosToken: BOS,
      endTokens: [FAKE_END_TOKEN],
      toolFormat: "hermes",
      thinks: this.script.thinks ?? false,
      hasChatTemplate: this.script.hasChatTemplate ?? true,
      randomWeights: true,
      createdAt: 1_700_000_000,
    };
  }

  limitWaiting(): void {}

  async submit(request: GenerateRequest): Promise<Generation> {
    await Promise.resolve();
    if (request.signal?.aborted === true) fail("cancelled");
    const prompt = typeof request.prompt === "string" ? await this.tokenize(request.prompt) : request.prompt;
    const outputTokens = request.maxTokens ?? 1;
    if (prompt.length === 0) fail("prompt_empty");
    if (prompt.length + outputTokens > CONTEXT_TOKENS) {
      fail("context_length_exceeded", {
        contextTokens: CONTEXT_TOKENS,
        totalTokens: prompt.length + outputTokens,
        promptTokens: prompt.length,
        outputTokens,
      });
    }
    const limit = this.script.capacity ?? Infinity;
    if (this.running >= limit) fail("queue_full", { waiting: this.running, what: "requests", limit, retryAfterS: 3 });
    this.requests.push(request);
    this.running += 1;
    const stop = new AbortController();
    const parts = this.#run(
      request,
      prompt.length,
      AbortSignal.any([stop.signal, ...(request.signal ? [request.signal] : [])]),
    );
    return {
      promptTokens: prompt.length,
      prompt,
      isParked: false,
      cancel: () => stop.abort(),
      [Symbol.asyncIterator]: () => parts,
    };
  }

  async *generate(request: GenerateRequest): AsyncIterable<StreamPart> {
    yield* await this.submit(request);
  }

  async *#run(request: GenerateRequest, promptTokens: number, signal: AbortSignal): AsyncGenerator<StreamPart> {
    let finished = false;
    try {
      yield { kind: "prefill", doneTokens: promptTokens, promptTokens };
      await sleep(this.script.prefillMs ?? 0, signal);
      const choices = request.choices ?? 1;
      let made = 0;
      for (let choice = 0; choice < choices; choice += 1) {
        const reason = this.script.reason ?? "stop";
        for (const piece of this.#pieces(request, choices > 1 ? ` ${choice}` : "")) {
          if (made > 0) await sleep(this.script.tokenMs ?? 0, signal);
          if (signal.aborted) fail("cancelled");
          if (this.script.failure !== undefined && made >= this.script.failure.afterTokens)
            throw this.script.failure.error;
          made += 1;
          this.tokensMade += 1;
          const text = piece.token === FAKE_END_TOKEN ? "" : new TextDecoder().decode(piece.bytes);
          yield { kind: "delta", choice, text, tokens: [piece] };
        }
        yield { kind: "finish", choice, reason, stopString: this.script.stopString ?? null, cut: null };
      }
      finished = true;
      yield {
        kind: "end",
        usage: { promptTokens, outputTokens: made, cachedTokens: 0, preemptions: 0 },
        timings: { queueMs: 1, prefillMs: 2, decodeMs: 3 },
      };
    } finally {
      this.running -= 1;
      if (!finished) this.cancelled += 1;
    }
  }

  *#pieces({ logprobs }: GenerateRequest, suffix: string): Generator<TokenPiece> {
    do {
      for (const word of `${this.script.text}${suffix}`.match(/\s*\S+/g) ?? [])
        yield pieceOf(encoder.encode(word), logprobs);
    } while (this.script.endless === true);
    if (this.script.reason !== "length" && this.script.stopString === undefined)
      yield pieceOf(encoder.encode("</s>"), logprobs, FAKE_END_TOKEN);
  }

  publish(prompt: Int32Array): Promise<void> {
    this.published.push(prompt);
    return Promise.resolve();
  }

  renderChat(input: ChatInput): Promise<string> {
    if (!this.model.hasChatTemplate) return Promise.reject(turnwiseError("template_missing"));
    this.chats.push(input);
    return Promise.resolve(input.messages.map(({ role, content }) => `${role}: ${JSON.stringify(content)}\n`).join(""));
  }

  tokenize(text: string, options: { addSpecial?: boolean } = {}): Promise<Int32Array> {
    const bytes = [...encoder.encode(text)];
    return Promise.resolve(Int32Array.from(options.addSpecial === true ? [BOS, ...bytes] : bytes));
  }

  pieces(tokens: Int32Array): Promise<readonly string[]> {
    return Promise.resolve([...tokens].map((token) => `<${token}>`));
  }

  detokenize(tokens: Int32Array): Promise<string> {
    return Promise.resolve(new TextDecoder().decode(Uint8Array.from([...tokens].filter((token) => token < BOS))));
  }

  keep(text: CachedText, ms: number): void {
    this.kept.push({ text, ms });
  }

  score(): Promise<PromptScore> {
    return Promise.resolve({ logprobs: new Float32Array() });
  }

  weightsKept(): Promise<void> {
    return Promise.resolve();
  }

  stats(): Promise<EngineStats> {
    const { running, cancelled } = this;
    return Promise.resolve({
      running,
      waiting: 0,
      waitingTokens: 0,
      waitMs: 0,
      parked: 0,
      pagesShared: 0,
      pagesUsed: running,
      pagesCached: 0,
      pagesTotal: 100,
      steps: 7,
      promptTokens: 11,
      outputTokens: this.tokensMade,
      preemptions: 0,
      evictions: 0,
      evictionIdle: emptyDistribution([1, 60]),
      finished: this.requests.length - running - cancelled,
      cancelled,
      failed: 0,
    });
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

function pieceOf(bytes: Uint8Array, logprobs: number | undefined, token = bytes[0] ?? 0): TokenPiece {
  if (logprobs === undefined) return { token, bytes };
  const top = Array.from({ length: logprobs }, (_, rank) =>
    rank === 0
      ? { token, bytes, logprob: -0.25 }
      : { token: rank, bytes: encoder.encode(`alternative ${rank}`), logprob: -rank },
  );
  return { token, bytes, logprob: -0.25, top };
}

/** Ends early, by throwing `cancelled`, when `signal` aborts. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  // An endless script without delay must let others run.
  if (ms === 0) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer);
      reject(turnwiseError("cancelled"));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", aborted);
      resolve();
    }, ms);
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) aborted();
  });
}
