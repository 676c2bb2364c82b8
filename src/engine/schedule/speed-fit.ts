/**
 * How long a unit of each kind of work takes, from steps that had some of each: the non-negative least-squares
 * fit of relative errors over the recent ones, by coordinate descent on the normal equations.
 */

import { at } from "../../base/invariant.ts";

/** A step's weight when the next one has come: about the last 200 count. */
const MEMORY = 0.995;
/** A fit that is left half done is taken for a change of the machine's pace. */
const MAX_SWEEPS = 64;
/** The share of a speed that a sweep need not go on for. */
const CONVERGED = 1e-4;
/** The weight of the guess that tells the kinds apart before steps do. */
const GUESS_WEIGHT = 0.01;

export class SpeedFit {
  /** Milliseconds for a unit of each kind of work. */
  readonly #msPer: Float64Array;
  readonly #gram: Float64Array;
  readonly #moments: Float64Array;
  #steps = 0;

  /** Takes over a guess, whose scale the first `rescale` sets. */
  constructor(msPer: Float64Array) {
    this.#msPer = msPer;
    this.#gram = new Float64Array(msPer.length * msPer.length);
    this.#moments = new Float64Array(msPer.length);
    for (const [kind, ms] of msPer.entries()) {
      this.#gram[kind * msPer.length + kind] = GUESS_WEIGHT / (ms * ms);
      this.#moments[kind] = GUESS_WEIGHT / ms;
    }
  }

  /** How many have been observed. */
  get steps(): number {
    return this.#steps;
  }

  predict(work: Float64Array): number {
    let ms = 0;
    for (const [kind, msPer] of this.#msPer.entries()) ms += at(work, kind) * msPer;
    return ms;
  }

  /** As if all that was observed had taken `factor` times as long. */
  rescale(factor: number): void {
    for (let kind = 0; kind < this.#msPer.length; kind++) {
      this.#msPer[kind] = at(this.#msPer, kind) * factor;
      this.#moments[kind] = at(this.#moments, kind) * factor;
    }
  }

  /** `work`, for which the prediction is above 0, took `ms`. */
  observe(work: Float64Array, ms: number): void {
    this.#steps += 1;
    const kinds = this.#msPer.length;
    // By the time predicted: weights by the time taken would favour the steps that were fast by chance.
    const weight = 1 / this.predict(work) ** 2;
    for (let row = 0; row < kinds; row++) {
      for (let column = 0; column < kinds; column++) {
        const place = row * kinds + column;
        this.#gram[place] = MEMORY * at(this.#gram, place) + weight * at(work, row) * at(work, column);
      }
      this.#moments[row] = MEMORY * at(this.#moments, row) + weight * at(work, row) * ms;
    }
    for (let sweep = 0; sweep < MAX_SWEEPS && this.#descend() > CONVERGED; sweep++);
  }

  /**
   * Gives the largest share by which a speed changed. Where steps do not tell kinds apart, speeds stay near what they
   * were.
   */
  #descend(): number {
    const kinds = this.#msPer.length;
    let largest = 0;
    for (let kind = 0; kind < kinds; kind++) {
      let rest = at(this.#moments, kind);
      for (let other = 0; other < kinds; other++) {
        if (other !== kind) rest -= at(this.#gram, kind * kinds + other) * at(this.#msPer, other);
      }
      const square = at(this.#gram, kind * kinds + kind);
      if (square <= 0) continue;
      const before = at(this.#msPer, kind);
      const after = Math.max(0, rest / square);
      this.#msPer[kind] = after;
      if (after !== before) largest = Math.max(largest, Math.abs(after - before) / Math.max(after, before));
    }
    return largest;
  }
}
