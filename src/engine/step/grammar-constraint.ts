/**
 * A matcher as the step loop's constraint. The matcher here says what is accepted and when the text is
 * whole; masks come from the maker beside the step loop where there is one, and are the same.
 */

import { invariant } from "../../base/invariant.ts";
import type { Matcher } from "../../text/grammar/matcher.ts";
import type { ForcedDrafts } from "../../text/grammar/forced-drafts.ts";
import { MAX_DRAFT_TOKENS, type MatcherStep } from "../threads/mask-messages.ts";
import { NO_DRAFT } from "../schedule/sequence.ts";
import type { Constraint } from "./active-order.ts";
import type { MaskStream } from "./mask-maker.ts";

export class GrammarConstraint implements Constraint {
  readonly #matcher: Matcher;
  readonly #drafts: ForcedDrafts;
  readonly #stream: MaskStream | null;
  #steps: MatcherStep[] = [];
  #isPrepared = false;
  #draft = NO_DRAFT;
  /** Tokens that may be said from here on. */
  #left = Infinity;
  /** Bit i: the mask behind i tokens of the draft leaves some out for the sake of the end. */
  #narrowed = 0;
  /** Accepted since `prepare`. */
  #said = 0;
  #isShortened = false;

  constructor(matcher: Matcher, drafts: ForcedDrafts, stream: MaskStream | null) {
    this.#matcher = matcher;
    this.#drafts = drafts;
    this.#stream = stream;
  }

  get isFinished(): boolean {
    return this.#matcher.isFinished;
  }

  get isShortened(): boolean {
    return this.#isShortened;
  }

  fill(words: Uint32Array, drafted = 0): boolean {
    if (!this.#isPrepared) this.prepare(0, this.#left);
    // A grammar of the empty text is finished at once: `prepare` has asked for no mask.
    const made = this.isFinished ? null : (this.#stream?.fill(words, drafted) ?? null);
    if (made?.isNarrowed ?? this.#fillHere(words, drafted)) this.#narrowed |= 1 << drafted;
    return true;
  }

  #fillHere(words: Uint32Array, drafted: number): boolean {
    const matcher = this.#matcher;
    for (const token of this.#draft.subarray(0, drafted)) {
      invariant(matcher.accept(token), "a drafted token is accepted");
    }
    const isNarrowed = matcher.fillMask(words, this.#left - drafted);
    matcher.rollback(drafted);
    return isNarrowed;
  }

  accept(token: number): void {
    if (((this.#narrowed >> this.#said) & 1) === 1) this.#isShortened = true;
    this.#said += 1;
    this.#drafts.learn(this.#matcher, token);
    invariant(this.#matcher.accept(token), "a token that the mask allows is accepted");
    this.#went(token);
  }

  /** Whether the text may go on with `bytes`; if so they count as said. */
  acceptBytes(bytes: Uint8Array): boolean {
    const isAccepted = this.#matcher.acceptBytes(bytes);
    if (isAccepted) this.#went(bytes);
    return isAccepted;
  }

  prepare(room: number, left: number): Int32Array {
    this.#left = left;
    this.#narrowed = 0;
    this.#said = 0;
    const length = Math.min(room, MAX_DRAFT_TOKENS);
    this.#draft = length > 0 ? this.#drafts.draft(this.#matcher, length) : NO_DRAFT;
    this.#isPrepared = true;
    if (this.#stream !== null && !this.isFinished) {
      this.#stream.follow(this.#steps, this.#draft, left);
      this.#steps = [];
    }
    return this.#draft;
  }

  close(): void {
    this.#stream?.close();
  }

  #went(step: MatcherStep): void {
    this.#isPrepared = false;
    if (this.#stream !== null) this.#steps.push(step);
  }
}
