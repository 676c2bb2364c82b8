/**
 * The engine: a model loaded into a step-loop thread, its text side in another, and requests between
 * them. The main thread only passes messages, so blocking it does not hold up the model.
 */

import { TurnwiseError, turnwiseError } from "../base/errors.ts";
import type { GrammarSource } from "../text/grammar/compile-grammar.ts";
import type { ThoughtStart } from "../text/tools/thoughts.ts";
import type { ToolGrammarSource } from "../text/tools/tool-grammar.ts";
import type { ChatInput } from "../text/template/types.ts";
import type { EncodeOptions } from "../text/tokenizer/types.ts";
import {
  buildGenerationOrder,
  buildPublishOrder,
  buildScoreOrder,
  checkRequest,
  type OrderLimits,
} from "./build-order.ts";
import { resolveWaiting } from "./engine-settings.ts";
import { GenerationStream, type StreamSource } from "./generation-stream.ts";
import { DEFAULT_TENANT, type OrderGrammar } from "./step/order.ts";
import { StepClient } from "./threads/step-client.ts";
import type { StepEvent } from "./threads/step-messages.ts";
import { TextClient } from "./threads/text-client.ts";
import type {
  CachedText,
  EngineApi,
  EngineCapacity,
  EngineOptions,
  EngineStats,
  GenerateRequest,
  Generation,
  ModelInfo,
  PromptScore,
  StreamPart,
  WaitingOptions,
} from "./types.ts";

/**
 * A loaded model that generates.
 *
 * ```ts
 * const engine = await Engine.load({ model: "model.gguf" });
 * for await (const part of engine.generate({ prompt: "Once upon a time", maxTokens: 64 })) {
 *   if (part.kind === "delta") process.stdout.write(part.text);
 * }
 * await engine.dispose();
 * ```
 */
export class Engine implements EngineApi {
  readonly model: ModelInfo;
  readonly capacity: EngineCapacity;
  readonly #steps: StepClient;
  readonly #text: TextClient;
  readonly #limits: OrderLimits;
  #disposal: Promise<void> | null = null;

  private constructor(steps: StepClient, text: TextClient) {
    this.model = steps.model;
    this.capacity = steps.capacity;
    this.#steps = steps;
    this.#text = text;
    this.#limits = { vocabSize: steps.model.vocabSize, contextTokens: steps.capacity.contextTokens };
  }

  /**
   * Loads a model and starts the threads. Throws what is wrong with the file (`FormatError`,
   * `ModelError`), with the options (`invalid_option`) or with the machine (`memory_insufficient`).
   */
  static async load(options: EngineOptions): Promise<Engine> {
    const { onProgress, onWarning, ...plain } = options;
    const { port1: toSteps, port2: fromText } = new MessageChannel();
    const [steps, text] = await Promise.allSettled([
      StepClient.start(plain, { onProgress, onWarning }, { vocabulary: fromText }),
      TextClient.start(options, toSteps).then((client) => {
        onProgress?.({ phase: "tokenizer", fraction: 1 });
        return client;
      }),
    ]);
    if (steps.status === "rejected") {
      if (text.status === "fulfilled") await text.value.dispose();
      throw steps.reason;
    }
    if (text.status === "rejected") {
      await steps.value.dispose();
      throw text.reason;
    }
    return new Engine(steps.value, text.value);
  }

  async submit(request: GenerateRequest): Promise<Generation> {
    const { prompt, signal } = request;
    throwIfAborted(signal);
    checkRequest(request, this.#limits);
    const tokens =
      typeof prompt === "string"
        ? await this.tokenize(prompt, { addSpecial: true, parseSpecial: true })
        : // A copy: only these tokens cross to the thread, and the caller may reuse the array.
          prompt.slice();
    const bound = request.toolCalls ?? request.responseFormat;
    const grammar = bound === undefined ? null : await this.#compile(bound, request.thoughts ?? "none");
    throwIfAborted(signal);
    const id = this.#steps.nextId();
    const order = buildGenerationOrder(id, request, tokens, this.#limits, grammar);
    const cancel = () => this.#steps.cancel(id);
    const generation = new GenerationStream(tokens, this.#sourceOf(id));
    this.#steps.submit(order, (event) => {
      generation.receive(event);
      if (isTerminal(event)) signal?.removeEventListener("abort", cancel);
    });
    signal?.addEventListener("abort", cancel, { once: true });
    return generation;
  }

  #sourceOf(id: number): StreamSource {
    return {
      tokenBytes: this.#steps.tokenBytes,
      maxUnreadTokens: this.#steps.maxUnreadTokens,
      cancel: () => this.#steps.cancel(id),
      park: () => this.#steps.park(id),
      resume: () => this.#steps.resume(id),
    };
  }

  async #compile(source: GrammarSource | ToolGrammarSource, thoughts: ThoughtStart): Promise<OrderGrammar> {
    const compiled = await this.#text.request<"compile">({ kind: "compile", source, thoughts });
    return { ...compiled, key: JSON.stringify([source, thoughts]) };
  }

  async *generate(request: GenerateRequest): AsyncGenerator<StreamPart, void, undefined> {
    yield* await this.submit(request);
  }

  async publish(prompt: Int32Array): Promise<void> {
    const id = this.#steps.nextId();
    const order = buildPublishOrder(id, prompt.slice(), this.#limits);
    const generation = new GenerationStream(order.prompt, this.#sourceOf(id));
    this.#steps.submit(order, (event) => generation.receive(event));
    for await (const part of generation) if (part.kind === "end") return;
  }

  keep({ tokens, tenant = DEFAULT_TENANT.name, cacheKey = "" }: CachedText, ms: number): void {
    this.#steps.keep({ tokens, tenant, cacheKey }, ms);
  }

  renderChat(input: ChatInput): Promise<string> {
    return this.#text.request<"render">({ kind: "render", input });
  }

  tokenize(text: string, options: Partial<EncodeOptions> = {}): Promise<Int32Array> {
    const { addSpecial = false, parseSpecial = false, after } = options;
    return this.#text.request<"encode">({ kind: "encode", text, addSpecial, parseSpecial, after });
  }

  pieces(tokens: Int32Array): Promise<readonly string[]> {
    return this.#text.request<"pieces">({ kind: "pieces", tokens });
  }

  detokenize(tokens: Int32Array): Promise<string> {
    return this.#text.request<"decode">({ kind: "decode", tokens });
  }

  async score(tokens: Int32Array, from: number): Promise<PromptScore> {
    const order = buildScoreOrder(this.#steps.nextId(), tokens.slice(), from, this.#limits);
    return new Promise((resolve, reject) => {
      const listen = (event: StepEvent) => {
        if (event.kind === "scored") resolve({ logprobs: event.logprobs });
        if (event.kind === "failed") reject(TurnwiseError.deserialize(event.error));
      };
      this.#steps.submit(order, listen);
    });
  }

  async stats(): Promise<EngineStats> {
    return this.#steps.stats();
  }

  limitWaiting(options: WaitingOptions): void {
    this.#steps.limitWaiting(resolveWaiting(options));
  }

  weightsKept(): Promise<void> {
    return this.#steps.weightsKept();
  }

  dispose(): Promise<void> {
    this.#disposal ??= Promise.all([this.#steps.dispose(), this.#text.dispose()]).then(() => undefined);
    return this.#disposal;
  }

  /** `await using engine = await Engine.load(...)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function isTerminal(event: StepEvent): boolean {
  return event.kind !== "part" || event.part.kind === "end";
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw turnwiseError("cancelled");
}
