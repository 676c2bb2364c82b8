/**
 * Work as the step loop takes it: validated, all defaults filled in, plain data that crosses a thread.
 * `engine.ts` makes orders from requests; nothing here is checked again below.
 */

import { GREEDY, type SamplerSettings } from "../../graph/sampler-settings.ts";
import type { Grammar } from "../../text/grammar/grammar.ts";
import type { WakeRule } from "../../text/tools/tool-grammar.ts";
import type { RequestTenant } from "../types.ts";

interface OrderBase {
  /** Unique while it lives. */
  readonly id: number;
  /** Whose it is: tenants share no pages. */
  readonly tenant: Required<RequestTenant>;
  /** Keeps a part of the tenant's cache apart; "" is the rest. */
  readonly cacheKey: string;
  /** From its acceptance it has so long to end; Infinity sets no limit. */
  readonly deadlineMs: number;
}

/** Generate from a prompt. */
export interface GenerationOrder extends OrderBase {
  readonly kind: "generate";
  /** At least one token. */
  readonly prompt: Int32Array;
  readonly choices: number;
  readonly maxTokens: number;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
  readonly stop: readonly string[];
  readonly keepSpecial: boolean;
  /** Alternatives to report, or -1 for no log-probabilities at all. */
  readonly logprobs: number;
  readonly sampling: SamplerSettings;
  /** Choice i draws with seed + i, modulo 2^64. */
  readonly seed: bigint;
  readonly biasTokens: Int32Array;
  readonly biasValues: Float32Array;
  /** Its prompt becomes the operator's: pinned, and read by all tenants. */
  readonly publish: boolean;
  /** What the output is bound to; null for free text. */
  readonly grammar: OrderGrammar | null;
}

export interface OrderGrammar {
  readonly grammar: Grammar;
  /** Equal for equal grammars, so that they share their masks. */
  readonly key: string;
  /** Where free text ends and the grammar begins; null where it governs from the first token. */
  readonly wake: WakeRule | null;
}

/** Give the log-probabilities of tokens[from..] under those before them. */
export interface ScoreOrder extends OrderBase {
  readonly kind: "score";
  readonly tokens: Int32Array;
  /** 1..tokens.length - 1 */
  readonly from: number;
}

export type Order = GenerationOrder | ScoreOrder;

/** Of requests that name none. */
export const DEFAULT_TENANT: Required<RequestTenant> = {
  name: "default",
  priority: 0,
  weight: 1,
  kvShare: 1,
  maxWaiting: Infinity,
  maxWaitingTokens: Infinity,
  maxTurnTokens: Infinity,
};

/** Plain greedy decoding of one choice, to be completed by id, prompt and length. */
export const GREEDY_ORDER = {
  kind: "generate",
  tenant: DEFAULT_TENANT,
  cacheKey: "",
  deadlineMs: Infinity,
  choices: 1,
  minTokens: 0,
  ignoreEos: false,
  stop: [],
  keepSpecial: false,
  logprobs: -1,
  sampling: GREEDY,
  seed: 0n,
  biasTokens: new Int32Array(0),
  biasValues: new Float32Array(0),
  publish: false,
  grammar: null,
} as const satisfies Omit<GenerationOrder, "id" | "prompt" | "maxTokens">;
