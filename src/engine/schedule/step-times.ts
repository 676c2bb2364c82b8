/**
 * How long steps take on this machine: the ops' cost records give a step's work, and the steps that have
 * run say how fast each kind of work is done. Deterministic: the same observations, the same predictions.
 *
 * A step's time is modelled as a sum over three kinds of work, each with a speed: bytes from memory,
 * operations of rows, operations of attention. The speeds are a non-negative least-squares fit of relative
 * errors over the recent steps, by coordinate descent on the normal equations.
 */

import type { StepCosts } from "../../graph/step-costs.ts";
import type { StepSizes } from "../../graph/types.ts";
import { at } from "../../base/invariant.ts";

const KINDS = 3;
/** A step's weight in the fit when the next one has run: about the last 200 steps count. */
const MEMORY = 0.995;
/** A step that takes so much longer than predicted was held up by something else; it counts as this much. */
const MAX_SURPRISE = 4;
/** Before anything has run: bytes and operations a second of a modest machine. */
const FIRST_BYTES_PER_MS = 1e7;
const FIRST_FLOPS_PER_MS = 2e7;
const SWEEPS = 8;
/** Before so many steps the speeds are a guess scaled by the first. */
const FITTED_STEPS = 10;

export class StepTimes {
  readonly #costs: StepCosts;
  /** Milliseconds for a unit of each kind of work. */
  readonly #msPer = Float64Array.of(1 / FIRST_BYTES_PER_MS, 1 / FIRST_FLOPS_PER_MS, 1 / FIRST_FLOPS_PER_MS);
  /** The normal equations. */
  readonly #gram = new Float64Array(KINDS * KINDS);
  readonly #moments = new Float64Array(KINDS);
  readonly #work = new Float64Array(KINDS);
  #observed = 0;

  constructor(costs: StepCosts) {
    this.#costs = costs;
  }

  /** Enough steps have run for predictions to be more than a guess. */
  get isFitted(): boolean {
    return this.#observed >= FITTED_STEPS;
  }

  /** Milliseconds that a step of `sizes` takes. */
  predict(sizes: StepSizes): number {
    this.#setWork(sizes, this.#costs.perStep.bytes, this.#costs.perStep.flops);
    return this.#time();
  }

  /** Milliseconds that `rows` rows after `computed` tokens add to a step that runs anyway. */
  predictAdded(computed: number, rows: number): number {
    this.#setWork({ tokens: rows, logitRows: 0, attendedPositions: attendedBy(computed, rows) }, 0, 0);
    return this.#time();
  }

  /** The most of `limit` rows after `computed` tokens that add at most `ms`. */
  rowsWithin(computed: number, limit: number, ms: number): number {
    if (this.predictAdded(computed, limit) <= ms) return limit;
    let fits = 0;
    let tooMany = limit;
    while (tooMany - fits > 1) {
      const middle = (fits + tooMany) >> 1;
      if (this.predictAdded(computed, middle) <= ms) fits = middle;
      else tooMany = middle;
    }
    return fits;
  }

  /** A step of `sizes` has taken `ms`. */
  observe(sizes: StepSizes, ms: number): void {
    const predicted = this.predict(sizes);
    if (predicted <= 0) return;
    const taken = this.#observed > 0 ? Math.min(ms, MAX_SURPRISE * predicted) : ms;
    if (this.#observed === 0) this.#begin(taken / predicted);
    this.#observed += 1;
    const weight = 1 / Math.max(taken, 1e-3) ** 2;
    for (let row = 0; row < KINDS; row++) {
      for (let column = 0; column < KINDS; column++) {
        const place = row * KINDS + column;
        this.#gram[place] = MEMORY * at(this.#gram, place) + weight * at(this.#work, row) * at(this.#work, column);
      }
      this.#moments[row] = MEMORY * at(this.#moments, row) + weight * at(this.#work, row) * taken;
    }
    this.#fit();
  }

  /** The first step scales the guess; what it says of the kinds apart is one weak observation of each. */
  #begin(scale: number): void {
    for (let kind = 0; kind < KINDS; kind++) {
      this.#msPer[kind] = at(this.#msPer, kind) * scale;
      const work = 1 / Math.max(at(this.#msPer, kind), 1e-15);
      this.#gram[kind * KINDS + kind] = 0.01 * work * work;
      this.#moments[kind] = 0.01 * work;
    }
  }

  #fit(): void {
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      for (let kind = 0; kind < KINDS; kind++) {
        let rest = at(this.#moments, kind);
        for (let other = 0; other < KINDS; other++) {
          if (other !== kind) rest -= at(this.#gram, kind * KINDS + other) * at(this.#msPer, other);
        }
        const square = at(this.#gram, kind * KINDS + kind);
        if (square > 0) this.#msPer[kind] = Math.max(0, rest / square);
      }
    }
  }

  #setWork({ tokens, logitRows, attendedPositions }: StepSizes, bytes: number, flops: number): void {
    const { perToken, perLogitRow, perAttendedPosition } = this.#costs;
    this.#work[0] =
      bytes + tokens * perToken.bytes + logitRows * perLogitRow.bytes + attendedPositions * perAttendedPosition.bytes;
    this.#work[1] = flops + tokens * perToken.flops + logitRows * perLogitRow.flops;
    this.#work[2] = attendedPositions * perAttendedPosition.flops;
  }

  #time(): number {
    let ms = 0;
    for (let kind = 0; kind < KINDS; kind++) ms += at(this.#work, kind) * at(this.#msPer, kind);
    return ms;
  }
}

/** Positions that rows attend: each its own and all before it. */
export function attendedBy(computed: number, rows: number): number {
  return rows * computed + (rows * (rows + 1)) / 2;
}
