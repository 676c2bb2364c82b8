/**
 * What the step loop keeps for an accepted order, from acceptance to its one terminal event: its
 * sequences, what has been put out, and when.
 */

import type { TurnwiseError } from "../../base/errors.ts";
import { invariant } from "../../base/invariant.ts";
import { ChoiceOutput, type StopMatcher, type TokenDecoder } from "./choice-output.ts";
import type { GenerationOrder, Order, OrderGrammar, ScoreOrder } from "./order.ts";
import { NO_BIAS, type RowBias, type RowSampling } from "./sample-assembly.ts";
import type { CacheDomain } from "../schedule/cache-domain.ts";
import { Sequence } from "../schedule/sequence.ts";
import { TokenHistory } from "./token-history.ts";
import type { GenerationTimings } from "../types.ts";

/** Texts come from outside, so that the loop can be tested without a vocabulary. */
export interface TextPorts {
  decoder(order: GenerationOrder): TokenDecoder;
  stopMatcher(stop: readonly string[]): StopMatcher;
  readonly endTokens: ReadonlySet<number>;
  /** Holds one choice of the order to its grammar. */
  constraint(grammar: OrderGrammar): Constraint;
}

/** Bounds what a choice may say next. `text/grammar` has the real one. */
export interface Constraint {
  /** Writes what may come after the first `drafted` tokens of the draft as a mask; false: anything. */
  fill(words: Uint32Array, drafted: number): boolean;
  /** The token was said. */
  accept(token: number): void;
  /**
   * All that this step says is accepted: masks for the next one can be made meanwhile. Of `left` tokens
   * none is allowed behind which the text could not be whole in time. Gives a draft: at most `room`
   * tokens that are likely to be said, each of which may be.
   */
  prepare(room: number, left: number): Int32Array;
  /** Nothing more is asked. */
  close(): void;
  /** Nothing may follow. */
  readonly isFinished: boolean;
  /** Some token was said where others were left out for the sake of the end. */
  readonly isShortened: boolean;
}

/** One of an order's texts while it is generated. */
export interface ActiveChoice {
  readonly output: ChoiceOutput;
  readonly sampling: RowSampling;
  /** Null where no penalty looks at it. */
  readonly history: TokenHistory | null;
  readonly constraint: Constraint | null;
}

/** An order that is not urgent is due after so long: those with deadlines cannot keep it waiting for ever. */
const PATIENCE_MS = 60_000;

const NO_END_TOKENS: ReadonlySet<number> = new Set();

export interface ActiveOrder {
  readonly order: Order;
  /** Index = choice. */
  readonly sequences: readonly Sequence[];
  /** Index = choice; empty for a score. */
  readonly choices: readonly ActiveChoice[];
  /** Log-probabilities found so far; empty for a generation. */
  readonly scores: Float32Array;
  readonly bias: RowBias;
  /** `bias`, and end tokens banned: until `minTokens` are out. */
  readonly biasBeforeMinTokens: RowBias;
  unfinishedChoices: number;
  /** Why its rows could not be sampled in this step. */
  failure: TurnwiseError | null;
  reportedPrefillTokens: number;
  readonly acceptedMs: number;
  /** When its time is up. */
  readonly deadlineAtMs: number;
  /** Since when it waits for its reader; null while it does not. */
  parkedMs: number | null;
  admittedMs: number | null;
  firstTokenMs: number | null;
  lastTokenMs: number | null;
}

/** An order as accepted at `nowMs`; its sequences take the ages from `age` on. */
export function startOrder(
  order: Order,
  domain: CacheDomain,
  age: number,
  nowMs: number,
  text: TextPorts,
): ActiveOrder {
  return order.kind === "generate"
    ? startGeneration(order, domain, age, nowMs, text)
    : startScore(order, domain, age, nowMs);
}

function startGeneration(
  order: GenerationOrder,
  domain: CacheDomain,
  age: number,
  nowMs: number,
  text: TextPorts,
): ActiveOrder {
  const sequences: Sequence[] = [];
  const choices: ActiveChoice[] = [];
  for (let choice = 0; choice < order.choices; choice++) {
    sequences.push(
      new Sequence({
        age: age + choice,
        priority: order.tenant.priority,
        dueMs: dueMs(order, nowMs),
        orderId: order.id,
        choice,
        domain,
        tokens: order.prompt,
        scoreFrom: null,
      }),
    );
    choices.push(startChoice(order, choice, text));
  }
  return {
    ...newActive(order, sequences, nowMs),
    choices,
    bias: order.biasTokens.length === 0 ? NO_BIAS : { tokens: order.biasTokens, values: order.biasValues },
    biasBeforeMinTokens: order.minTokens === 0 ? NO_BIAS : withBanned(order, text.endTokens),
  };
}

function startScore(order: ScoreOrder, domain: CacheDomain, age: number, nowMs: number): ActiveOrder {
  const { id, tokens, from } = order;
  const sequence = new Sequence({
    age,
    priority: order.tenant.priority,
    dueMs: dueMs(order, nowMs),
    orderId: id,
    choice: 0,
    domain,
    tokens,
    scoreFrom: from,
  });
  return { ...newActive(order, [sequence], nowMs), scores: new Float32Array(tokens.length - from) };
}

function dueMs({ deadlineMs }: Order, nowMs: number): number {
  return nowMs + Math.min(deadlineMs, PATIENCE_MS);
}

function newActive(order: Order, sequences: readonly Sequence[], nowMs: number): ActiveOrder {
  return {
    order,
    sequences,
    choices: [],
    scores: new Float32Array(0),
    bias: NO_BIAS,
    biasBeforeMinTokens: NO_BIAS,
    unfinishedChoices: sequences.length,
    failure: null,
    reportedPrefillTokens: 0,
    acceptedMs: nowMs,
    deadlineAtMs: nowMs + order.deadlineMs,
    parkedMs: null,
    admittedMs: null,
    firstTokenMs: null,
    lastTokenMs: null,
  };
}

/** Output, sampler settings and penalty history of one choice; choice i draws with seed + i. */
function startChoice(order: GenerationOrder, choice: number, text: TextPorts): ActiveChoice {
  const { maxTokens, ignoreEos, stop } = order;
  const limits = { maxTokens, endTokens: ignoreEos ? NO_END_TOKENS : text.endTokens };
  const matcher = stop.length === 0 ? null : text.stopMatcher(stop);
  const seed = BigInt.asUintN(64, order.seed + BigInt(choice));
  const constraint = order.grammar === null ? null : text.constraint(order.grammar);
  // The first mask is made while the prompt is computed.
  constraint?.prepare(0, maxTokens);
  return {
    output: new ChoiceOutput(choice, limits, text.decoder(order), matcher),
    history: startHistory(order),
    constraint,
    sampling: {
      settings: order.sampling,
      seedLow: Number(seed & 0xffffffffn),
      seedHigh: Number(seed >> 32n),
      topLogprobs: Math.max(0, order.logprobs),
    },
  };
}

/** Null without a penalty. Only the repetition penalty looks at the prompt. */
function startHistory(order: GenerationOrder): TokenHistory | null {
  const { repetitionPenalty, presencePenalty, frequencyPenalty } = order.sampling;
  if (repetitionPenalty === 1 && presencePenalty === 0 && frequencyPenalty === 0) return null;
  const history = new TokenHistory();
  if (repetitionPenalty !== 1) for (const token of order.prompt) history.addPrompt(token);
  return history;
}

/** The order's bias, with every end token banned. */
function withBanned(order: GenerationOrder, banned: Iterable<number>): RowBias {
  const values = new Map<number, number>();
  for (const [index, token] of order.biasTokens.entries()) values.set(token, order.biasValues[index] ?? 0);
  for (const token of banned) values.set(token, -Infinity);
  return { tokens: Int32Array.from(values.keys()), values: Float32Array.from(values.values()) };
}

export function timingsOf(active: ActiveOrder): GenerationTimings {
  const { acceptedMs, admittedMs, firstTokenMs, lastTokenMs } = active;
  invariant(admittedMs !== null && firstTokenMs !== null && lastTokenMs !== null, "a finished order has its times");
  return {
    queueMs: admittedMs - acceptedMs,
    prefillMs: firstTokenMs - admittedMs,
    decodeMs: lastTokenMs - firstTokenMs,
  };
}
