/**
 * The engine as its users see it (the library, the server, the commands): plain data and one
 * interface. `engine.ts` implements it over a step-loop thread and a text thread.
 */

import type { KvType } from "../base/dtypes.ts";
import type { Distribution } from "../base/distribution.ts";
import type { LoadQuant } from "../models/load-quants.ts";
import type { SamplerSettings } from "../graph/sampler-settings.ts";
import type { GrammarSource } from "../text/grammar/compile-grammar.ts";
import type { ChatInput } from "../text/template/types.ts";
import type { ToolFormatName } from "../text/tools/tool-format.ts";
import type { ThreadWord } from "../base/thread-placement.ts";
import type { ThoughtStart } from "../text/tools/thoughts.ts";
import type { ToolGrammarSource } from "../text/tools/tool-grammar.ts";
import type { EncodeOptions } from "../text/tokenizer/types.ts";

export interface EngineOptions {
  /** A GGUF file, or the first part of a split one, or a Hugging Face directory. */
  readonly model: string;
  /** Tokens a sequence may have; by default the model's own limit. */
  readonly contextTokens?: number;
  /** Threads of the native core; by default `auto`, the cores this process may use. `node`: those of one NUMA node. */
  readonly threads?: number | ThreadWord;
  readonly kvType?: KvType | "auto";
  /** Rounds the matrices of an F32, F16 or BF16 model while it loads; by default they stay as they are. */
  readonly quant?: LoadQuant | "none";
  /** Bytes of the page pool; by default 40 % of the free memory or 8 full contexts, the smaller. */
  readonly kvMemoryBytes?: number;
  /** Rows one step takes: decode rows and prefill chunks together. */
  readonly maxStepTokens?: number;
  /** Sequences that run at once; more wait. */
  readonly maxSequences?: number;
  /** Requests that may wait; one more is refused with `queue_full`. */
  readonly maxWaiting?: number;
  /** Tokens of the prompts that may wait; a request that would make them more is refused likewise. */
  readonly maxWaitingTokens?: number;
  /**
   * Tokens that may be generated and not yet read from a `Generation`: beyond that it is parked, and goes on when
   * half of them have been read. By default 256.
   */
  readonly maxUnreadTokens?: number;
  /** A parked generation that is not read for so long ends with `reader_behind`. By default a minute. */
  readonly parkTimeoutMs?: number;
  /**
   * Milliseconds that prompts may add to a step in which others decode: what a running answer waits for.
   * By default 150.
   */
  readonly maxStallMs?: number;
  /** The share of such a step that prompts are sure of, 0 to 0.9; by default 0.25. */
  readonly minPrefillShare?: number;
  /** Where packed weights are kept, so that the next start maps them; false: nowhere. */
  readonly weightCache?: WeightCacheOptions | false;
  /** "auto": native where it loads, else the interpreter. */
  readonly backend?: "auto" | "native" | "interpreter";
  /** Source of a Jinja template to use instead of the model's own; a broken one fails the load. */
  readonly chatTemplate?: string;
  /** Called while the model loads. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Called while the model loads, with what the user should know: a slow backend, a shorter context. */
  readonly onWarning?: (message: string) => void;
}

/** Those that a running engine takes anew. */
export type WaitingOptions = Pick<EngineOptions, "maxWaiting" | "maxWaitingTokens">;

export interface WeightCacheOptions {
  /** By default `packs` in the cache directory of `TURNWISE_CACHE_DIR`, `XDG_CACHE_HOME` or `~/.cache`. */
  readonly folder?: string;
  /** Packs are used, never written or removed. */
  readonly readOnly?: boolean;
  /** Bytes of all packs, 64 GiB by default: the least recently used make room. 0 is the same as false. */
  readonly maxBytes?: number;
}

export interface LoadProgress {
  readonly phase: "header" | "weights" | "tokenizer";
  /** 0..1 */
  readonly fraction: number;
}

export interface ModelInfo {
  /** The file's name without extension. */
  readonly id: string;
  /** `general.name`, or the id. */
  readonly name: string;
  readonly path: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly fileBytes: number;
  readonly contextTokens: number;
  readonly vocabSize: number;
  readonly bosToken: number | null;
  readonly endTokens: readonly number[];
  readonly hasChatTemplate: boolean;
  /** How its template writes tool calls. */
  readonly toolFormat: ToolFormatName;
  /** Its template knows thoughts in <think> tags. */
  readonly thinks: boolean;
  /** The weights are random: its output is meaningless. */
  readonly randomWeights: boolean;
  /** Seconds since the epoch, of the file. */
  readonly createdAt: number;
}

/** Where the packed weights came from. */
export interface WeightOrigin {
  /** `model`: packed from its files at this start. */
  readonly from: "pack" | "model";
  /** The file that was used, or that is being written for the next start. */
  readonly pack: string | null;
  /** Why nothing is kept, where so. */
  readonly note: string | null;
}

/** What loading decided; printed at start. */
export interface EngineCapacity {
  readonly backend: string;
  readonly threads: number;
  readonly kvType: KvType;
  readonly contextTokens: number;
  readonly maxSequences: number;
  readonly pages: number;
  readonly pageTokens: number;
  readonly weightBytes: number;
  /** Null where the interpreter runs, which packs nothing. */
  readonly weightOrigin: WeightOrigin | null;
  readonly kvBytes: number;
  readonly arenaBytes: number;
  readonly loadMs: number;
}

/** How tokens are chosen. The temperature's default is 1 in the API, 0.8 in the commands. */
export interface SamplingSettings extends SamplerSettings {
  /** Token id -> value added to its logit, -100..100. */
  readonly logitBias: ReadonlyMap<number, number>;
  /** Null: drawn at random when the request is accepted. */
  readonly seed: bigint | null;
}

export interface RequestTenant {
  readonly name: string;
  /** Those of higher priority are let in first, and preempted last; 0 by default. */
  readonly priority?: number;
  /**
   * Its part of the machine where others of its priority want it too: one of weight 2 has twice as much work
   * done as one of weight 1. 0.01 to 100; 1 by default.
   */
  readonly weight?: number;
  /**
   * The share of the KV pool, above 0 to 1, that the tenant's texts and its cache may take; 1 by default. At its
   * share its own cache is evicted and its own requests wait, never another tenant's.
   */
  readonly kvShare?: number;
  /** Requests of it that may wait; one more is refused with `tenant_queue_full`. No limit by default. */
  readonly maxWaiting?: number;
  /** Tokens of its prompts that may wait, likewise. */
  readonly maxWaitingTokens?: number;
  /** Tokens that one request may use, prompt and output; above it is refused with `tenant_turn_too_long`. */
  readonly maxTurnTokens?: number;
}

export interface GenerateRequest {
  /** Text is encoded with the model's own BOS rule and special tokens parsed; ids are taken as they are. */
  readonly prompt: string | Int32Array;
  readonly sampling?: Partial<SamplingSettings>;
  /** By default what is left of the context. */
  readonly maxTokens?: number;
  /** End tokens are banned before so many output tokens. */
  readonly minTokens?: number;
  /** End tokens do not end the output. */
  readonly ignoreEos?: boolean;
  /** Output ends before the first of these; they are not part of the text. */
  readonly stop?: readonly string[];
  /** The output is bound to this grammar: every token keeps to it, whatever the model would say. */
  readonly responseFormat?: GrammarSource;
  /** The tools that the output may or must call; not together with `responseFormat`. */
  readonly toolCalls?: ToolGrammarSource;
  /** A thought before what `responseFormat` or `toolCalls` bind is free; "none" by default. */
  readonly thoughts?: ThoughtStart;
  /** Alternatives to report for each token, 0..20; absent: no log-probabilities. */
  readonly logprobs?: number;
  /** Sequences to generate from the prompt, which they share. Choice i draws with seed + i. */
  readonly choices?: number;
  /** Render special tokens in the text. */
  readonly keepSpecial?: boolean;
  /** Whose request it is. Tenants never share a page of the KV cache. By default all belong to one. */
  readonly tenant?: RequestTenant;
  /** Keeps a part of the tenant's cache apart: only requests with the same key share pages. */
  readonly cacheKey?: string;
  /**
   * Milliseconds that it may take from its acceptance to its end. Of a tenant's requests the first due goes
   * first; one that cannot end in time any more ends with `deadline_exceeded`.
   */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export interface TokenPiece {
  readonly token: number;
  /** The token's own bytes, which may be half a character. */
  readonly bytes: Uint8Array;
  /** Natural log; present where the request asked for log-probabilities. */
  readonly logprob?: number;
  readonly top?: readonly { readonly token: number; readonly bytes: Uint8Array; readonly logprob: number }[];
}

/** Of the tokens of a choice, what a stop string took. */
export interface TokenCut {
  /** Last ones that are not part of the output, but for the beginning of the first of them. */
  readonly tokens: number;
  /** Characters of the output that are that beginning. */
  readonly characters: number;
}

export type FinishReason = "stop" | "length";

export interface GenerationUsage {
  readonly promptTokens: number;
  /** Of all choices. */
  readonly outputTokens: number;
  /** Prompt tokens whose KV was found and not computed. */
  readonly cachedTokens: number;
  /** How often one of its choices had to give up its place, and went on later. */
  readonly preemptions: number;
}

export interface GenerationTimings {
  /** Waiting for a place in the batch. */
  readonly queueMs: number;
  /** From there to the first token. */
  readonly prefillMs: number;
  /** From the first token to the last. */
  readonly decodeMs: number;
}

/** A text whose KV the cache may hold, as far as it was computed. */
export interface CachedText {
  readonly tokens: Int32Array;
  /** As in the request that computed it. */
  readonly tenant?: string;
  readonly cacheKey?: string;
}

/** What a generation yields; `end` is the last, unless the iterator throws. */
export type StreamPart =
  /** Prefill progress; comes at least once. */
  | { readonly kind: "prefill"; readonly doneTokens: number; readonly promptTokens: number }
  /** Text that became certain, and the tokens it came from; either may be empty, never both. */
  | {
      readonly kind: "delta";
      readonly choice: number;
      readonly text: string;
      readonly tokens: readonly TokenPiece[];
    }
  | {
      readonly kind: "finish";
      readonly choice: number;
      readonly reason: FinishReason;
      /** The stop string that ended it, or null. */
      readonly stopString: string | null;
      /** Where that cut the tokens; null where nothing did. */
      readonly cut: TokenCut | null;
    }
  | { readonly kind: "end"; readonly usage: GenerationUsage; readonly timings: GenerationTimings };

/** An accepted request. Iterate it once; leaving the loop early cancels it. */
export interface Generation extends AsyncIterable<StreamPart> {
  readonly promptTokens: number;
  /** The prompt as it was accepted. */
  readonly prompt: Int32Array;
  /** Its reader is too far behind: it has stopped until that has caught up. */
  readonly isParked: boolean;
  /** Ends the work within one step; the iterator throws `cancelled`. */
  cancel(): void;
}

/** Counters since the start and gauges of now; `server` renders them as metrics. */
export interface EngineStats {
  readonly running: number;
  readonly waiting: number;
  /** Of the prompts of those. */
  readonly waitingTokens: number;
  /** Stopped until their reader has caught up. */
  readonly parked: number;
  /** Milliseconds that one more request is expected to wait before its prompt is computed. */
  readonly waitMs: number;
  /** Held by what runs, and by what is published. */
  readonly pagesUsed: number;
  /** Held by the cache alone: free for whoever needs room. */
  readonly pagesCached: number;
  readonly pagesTotal: number;
  /** Of those used, pages that two or more sequences hold. */
  readonly pagesShared: number;
  readonly steps: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly preemptions: number;
  /** Cached pages given up to make room. */
  readonly evictions: number;
  /** How long each of those had not been used, in seconds. */
  readonly evictionIdle: Distribution;
  readonly finished: number;
  readonly cancelled: number;
  readonly failed: number;
}

export interface PromptScore {
  /** Natural-log probability of tokens[i] given those before it, for i in from..length-1. */
  readonly logprobs: Float32Array;
}

export interface EngineApi {
  readonly model: ModelInfo;
  readonly capacity: EngineCapacity;
  /** Resolves when the request is accepted, rejects with a TurnwiseError when it is not. */
  submit(request: GenerateRequest): Promise<Generation>;
  /** `submit` and iterate. */
  generate(request: GenerateRequest): AsyncIterable<StreamPart>;
  /**
   * Computes `prompt` and keeps it for good: whoever's prompt begins with it finds it. Before any tenant's request.
   * Throws `memory_insufficient` where all that is published would take more than half of the page pool.
   */
  publish(prompt: Int32Array): Promise<void>;
  /**
   * Evicts the KV of a text only where nothing else can be evicted, for so many milliseconds: who waits for a tool
   * comes back with it soon. That takes the place of what was said of a text that it begins with; 0 says that nobody
   * waits any more. What the cache does not hold any more is not computed for it.
   */
  keep(text: CachedText, ms: number): void;
  /** The prompt of a conversation by the model's chat template; throws `template_missing` without one. */
  renderChat(input: ChatInput): Promise<string>;
  tokenize(text: string, options?: Partial<EncodeOptions>): Promise<Int32Array>;
  /** Stored form of each token, as `turnwise tokenize` prints it. */
  pieces(tokens: Int32Array): Promise<readonly string[]>;
  detokenize(tokens: Int32Array): Promise<string>;
  /** Log-probabilities of a text's own tokens from index `from` on; the base of perplexity. */
  score(tokens: Int32Array, from: number): Promise<PromptScore>;
  stats(): Promise<EngineStats>;
  /** How many may wait from now on; those who wait already stay. Throws `invalid_option`. */
  limitWaiting(options: WaitingOptions): void;
  /** Resolves when packed weights are no longer being written, or at once; `dispose` ends their writing. */
  weightsKept(): Promise<void>;
  /** Cancels what runs, joins the threads, frees the memory. Idempotent. */
  dispose(): Promise<void>;
}
