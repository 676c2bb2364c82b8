/**
 * One running text: its tokens, the pages that hold their K and V, and how far they are computed.
 * This is what the scheduler sees; what becomes of sampled tokens is `choice-output.ts`.
 */

import { invariant } from "../../base/invariant.ts";
import { TokenBuffer } from "../step/token-buffer.ts";
import type { CacheDomain } from "./cache-domain.ts";
import { PageTable } from "./page-table.ts";
import type { PrefixNode } from "./prefix-index.ts";

/**
 * - waiting: queued for a place in the batch; holds no pages.
 * - running: in the batch.
 * - parked: its reader is behind; holds no pages, but what it left in the cache.
 * - done: gone; holds nothing.
 */
export type SequenceState = "waiting" | "running" | "parked" | "done";

/** Score positions [from, length): their tokens are known, their log-probabilities wanted. */
export interface ScoreRange {
  readonly from: number;
  /** First position whose log-probability is not known yet. */
  next: number;
}

export interface SequenceInit {
  readonly age: number;
  readonly priority: number;
  readonly dueMs: number;
  readonly orderId: number;
  readonly choice: number;
  readonly domain: CacheDomain;
  readonly tokens: Int32Array;
  readonly scoreFrom: number | null;
}

/** The first `tokens` tokens, which `from` is computing. */
export interface AwaitedPrefix {
  readonly from: Sequence;
  readonly tokens: number;
}

export const NO_DRAFT: Int32Array = new Int32Array(0);

export class Sequence {
  /** Order of arrival. */
  readonly age: number;
  readonly priority: number;
  /** When it should be done: of those of one priority the scheduler serves the first due, and preempts the last. */
  readonly dueMs: number;
  /** The order it belongs to. */
  readonly orderId: number;
  /** Which of the order's choices it is. */
  readonly choice: number;
  readonly domain: CacheDomain;
  readonly promptTokens: number;
  readonly tokens: TokenBuffer;
  readonly pages = new PageTable();
  /** Null for a generation. */
  readonly score: ScoreRange | null;
  state: SequenceState = "waiting";
  /** Tokens whose K and V are in the pages. */
  computed = 0;
  /** The last of its full pages in the prefix tree; null before the first. */
  indexed: PrefixNode | null = null;
  /** While it waits: a sequence that is computing so many tokens of its beginning; null where none is known to be. */
  awaited: AwaitedPrefix | null = null;
  /** Tokens whose K and V were there when it was first let in; null until then. */
  cachedTokens: number | null = null;
  /** Tokens that are likely to follow `tokens`: computed with the last of them, and kept as far as they are chosen. */
  draft = NO_DRAFT;
  /** Rows computed since it was let in last. */
  rowsInPlace = 0;
  /** How often it lost its place before its prompt was done. */
  placesLost = 0;
  /** How often it had to wait again. */
  preemptions = 0;

  constructor(init: SequenceInit) {
    invariant(init.tokens.length > 0, "a sequence has a token");
    this.age = init.age;
    this.priority = init.priority;
    this.dueMs = init.dueMs;
    this.orderId = init.orderId;
    this.choice = init.choice;
    this.domain = init.domain;
    this.promptTokens = init.tokens.length;
    this.tokens = new TokenBuffer(init.tokens);
    this.score = init.scoreFrom === null ? null : { from: init.scoreFrom, next: init.scoreFrom };
  }

  /** A total order that does not change: who is served first, but for what their tenants have had. */
  precedes(other: Sequence): boolean {
    if (this.priority !== other.priority) return this.priority > other.priority;
    return this.dueMs === other.dueMs ? this.age < other.age : this.dueMs < other.dueMs;
  }

  /** Its prompt is there, and what it generated: each step gives it its next token. */
  get decodes(): boolean {
    return this.pending === 1;
  }

  /** Tokens that must be computed: all for a generation; a score does not need its last. */
  get target(): number {
    return this.score === null ? this.tokens.length : this.tokens.length - 1;
  }

  get pending(): number {
    return this.target - this.computed;
  }

  /** First tokens that need not be computed where their K and V are known: those before the first logits wanted. */
  get reusable(): number {
    return this.score === null ? this.tokens.length - 1 : this.score.next - 1;
  }

  /** Logits rows that computing `rows` more tokens asks for; they belong to the last of them. */
  logitRowsFor(rows: number): number {
    const end = this.computed + rows;
    if (this.score === null) return end === this.target ? 1 : 0;
    // Row j predicts token j + 1.
    return Math.max(0, end - Math.max(this.computed, this.score.next - 1));
  }

  /** The most of `rows` further tokens that need at most `limit` logits rows. */
  rowsWithin(rows: number, limit: number): number {
    if (this.logitRowsFor(rows) <= limit) return rows;
    if (this.score === null) return rows - 1;
    return Math.max(0, this.score.next - 1 - this.computed) + limit;
  }
}
