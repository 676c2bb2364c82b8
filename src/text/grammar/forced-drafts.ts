/**
 * Drafts of what a grammar forces. Its bytes are certain and its cut into tokens is not, as the model
 * chooses that: so these are guesses, to be checked by the model. A place's first guess is the longest
 * token, later ones what was chosen there last; this also bridges what is not quite forced, such as the
 * space after a colon.
 */

import type { Matcher } from "./matcher.ts";
import type { TokenIndex } from "./token-index.ts";

/** Places of one grammar that are remembered; more only begin anew. */
const MAX_PLACES = 20_000;
/** Wrong so often in a row, a place is not drafted from until it was right again. */
const MAX_WRONG = 2;
/** First guesses are made while more than this share of the late ones was right. */
const LEAST_TRUST = 0.4;
/** Weight of one guess in that share. */
const TRUST_STEP = 0.1;

/** How well first guesses do with one model, over all grammars. */
export class DraftTrust {
  #share = 1;

  get isHigh(): boolean {
    return this.#share > LEAST_TRUST;
  }

  note(isRight: boolean): void {
    this.#share += TRUST_STEP * (Number(isRight) - this.#share);
  }
}

/** A place of the grammar where what comes next is forced, or nearly. */
interface Place {
  /** What is likely to be chosen; -1 where nothing is known. */
  token: number;
  /** Whether it was chosen before. */
  isLearned: boolean;
  wrong: number;
}

export class ForcedDrafts {
  readonly #index: () => TokenIndex | null;
  readonly #trust: DraftTrust;
  /** By the matcher's position; null where content is free. */
  readonly #places = new Map<string, Place | null>();

  /** `index` gives null until the vocabulary is sorted. */
  constructor(index: () => TokenIndex | null, trust: DraftTrust) {
    this.#index = index;
    this.#trust = trust;
  }

  /** At most `length` tokens, each of which may come where `matcher` stands and the ones before it are chosen. */
  draft(matcher: Matcher, length: number): Int32Array {
    const tokens: number[] = [];
    while (tokens.length < length && !matcher.isFinished) {
      const place = this.#placeOf(matcher);
      if (place === null || !this.#isLikely(place) || !matcher.accept(place.token)) break;
      if (matcher.isFinished) {
        // Nothing follows it that could be computed with it.
        matcher.rollback(1);
        break;
      }
      tokens.push(place.token);
    }
    matcher.rollback(tokens.length);
    return Int32Array.from(tokens);
  }

  /** `token` is chosen where `matcher` stands. */
  learn(matcher: Matcher, token: number): void {
    const place = this.#placeOf(matcher);
    if (place === null) return;
    const isRight = place.token === token;
    if (!place.isLearned && place.token >= 0) this.#trust.note(isRight);
    place.wrong = isRight ? 0 : place.wrong + 1;
    place.token = token;
    place.isLearned = true;
  }

  #isLikely({ token, isLearned, wrong }: Place): boolean {
    return token >= 0 && (isLearned ? wrong < MAX_WRONG : this.#trust.isHigh);
  }

  #placeOf(matcher: Matcher): Place | null {
    const { position } = matcher;
    if (position === null) return null;
    const known = this.#places.get(position);
    if (known !== undefined) return known;
    const forced = matcher.forced();
    const index = this.#index();
    const isPlace = forced.length > 0 || matcher.isStructural;
    const token = forced.length === 0 ? -1 : (index?.longest(forced) ?? -1);
    const place = isPlace ? { token, isLearned: false, wrong: 0 } : null;
    if (this.#places.size >= MAX_PLACES) this.#places.clear();
    this.#places.set(position, place);
    return place;
  }
}
