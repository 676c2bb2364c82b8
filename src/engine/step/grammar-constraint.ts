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

  constructor(matcher: Matcher, drafts: ForcedDrafts, stream: MaskStream | null) {
    this.#matcher = matcher;
    this.#drafts = drafts;
    this.#stream = stream;
  }

  get isFinished(): boolean {
    return this.#matcher.isFinished;
  }

  fill(words: Uint32Array, drafted = 0): boolean {
    if (!this.#isPrepared) this.prepare(0);
    // A grammar of the empty text is finished at once: `prepare` has asked for no mask.
    if (!this.isFinished && this.#stream?.fill(words, drafted) === true) return true;
    const matcher = this.#matcher;
    for (const token of this.#draft.subarray(0, drafted)) {
      invariant(matcher.accept(token), "a drafted token is accepted");
    }
    matcher.fillMask(words);
    matcher.rollback(drafted);
    return true;
  }

  accept(token: number): void {
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

  prepare(room: number): Int32Array {
    const length = Math.min(room, MAX_DRAFT_TOKENS);
    this.#draft = length > 0 ? this.#drafts.draft(this.#matcher, length) : NO_DRAFT;
    this.#isPrepared = true;
    if (this.#stream !== null && !this.isFinished) {
      this.#stream.follow(this.#steps, this.#draft);
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
