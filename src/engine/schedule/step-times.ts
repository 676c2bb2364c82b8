/**
 * How long steps take on this machine: the ops' cost records give a step's work, and the steps that have
 * run say how fast each kind of work is done. Deterministic: the same observations, the same predictions.
 *
 * A step's time is modelled as a sum over three kinds of work, each with a speed: bytes from memory,
 * operations of rows, operations of attention. Steps that only decode and steps with rows of prompts have speeds of
 * their own: the former wait for memory, beside which their few rows cost next to nothing, and hours of them
 * must not teach that rows are free. What they share is the machine's pace: one that slows down does so
 * in everything, and is followed within a few steps.
 */

import type { StepCosts } from "../../graph/step-costs.ts";
import type { StepSizes } from "../../graph/types.ts";
import { SpeedFit } from "./speed-fit.ts";

/** A step that takes so much longer or shorter than predicted was disturbed; it counts as this much. */
const MAX_SURPRISE = 2;
/** The same while little is known. */
const MAX_FIRST_SURPRISE = 4;
/** Some clocks stand still. */
const LEAST_MS = 1e-3;
/** What of a step's surprise is taken for the machine's pace: half of a change is followed within five steps. */
const PACE_GAIN = 1 / 8;
/** The share of steps with prompts that the headroom is enough for. */
const HEADROOM_SHARE = 0.97;
const HEADROOM_GAIN = 0.03;
const MAX_HEADROOM = 1.5;
/** Before anything has run: bytes and operations a second of a modest machine. */
const FIRST_BYTES_PER_MS = 1e7;
const FIRST_FLOPS_PER_MS = 2e7;
/** Before so many steps the speeds are a guess scaled by the first. */
const FITTED_STEPS = 10;

const firstGuess = (): SpeedFit =>
  new SpeedFit(Float64Array.of(1 / FIRST_BYTES_PER_MS, 1 / FIRST_FLOPS_PER_MS, 1 / FIRST_FLOPS_PER_MS));

export class StepTimes {
  readonly #costs: StepCosts;
  readonly #decoding = firstGuess();
  readonly #mixed = firstGuess();
  /** Bytes, operations of rows, operations of attention. */
  readonly #work = new Float64Array(3);
  #headroom = 1;

  constructor(costs: StepCosts) {
    this.#costs = costs;
  }

  /** Enough steps have run for predictions to be more than a guess. */
  get isFitted(): boolean {
    return this.#observed >= FITTED_STEPS;
  }

  /** By how much a step with rows of prompts takes longer than predicted, but for a few in a hundred; 1 to 1.5. */
  get headroom(): number {
    return this.#headroom;
  }

  /** Milliseconds that a step of `sizes` takes. */
  predict(sizes: StepSizes): number {
    this.#setStepWork(sizes);
    return this.#fitOf(sizes).predict(this.#work);
  }

  /** What `sizes`, of rows that decode, are of the milliseconds of a step that has rows of prompts too. */
  predictBeside(sizes: StepSizes): number {
    this.#setStepWork(sizes);
    return this.#mixed.predict(this.#work);
  }

  /** Milliseconds that `rows` rows after `computed` tokens add to a step that runs anyway. */
  predictAdded(computed: number, rows: number): number {
    this.#setWork({ tokens: rows, logitRows: 0, attendedPositions: attendedBy(computed, rows) }, 0, 0);
    return this.#mixed.predict(this.#work);
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
    const fit = this.#fitOf(sizes);
    const taken = Math.max(ms, LEAST_MS);
    const ratio = taken / predicted;
    if (fit.steps === 0) {
      // The first step of all scales the guess of the other fit, too.
      if (this.#observed === 0) this.#rescale(ratio);
      else fit.rescale(ratio);
      fit.observe(this.#work, taken);
      return;
    }
    const isKnown = fit.steps >= FITTED_STEPS;
    const most = isKnown ? MAX_SURPRISE : MAX_FIRST_SURPRISE;
    const surprise = Math.min(Math.max(ratio, 1 / most), most);
    if (isKnown) {
      if (fit === this.#mixed) this.#follow(ratio);
      this.#rescale(1 + PACE_GAIN * (surprise - 1));
    }
    fit.observe(this.#work, surprise * predicted);
  }

  get #observed(): number {
    return this.#decoding.steps + this.#mixed.steps;
  }

  /** Everything takes `factor` times as long as was thought. */
  #rescale(factor: number): void {
    this.#decoding.rescale(factor);
    this.#mixed.rescale(factor);
  }

  /** Moves the headroom towards the quantile (Robbins and Monro 1951): up by much, seldom, and down by little. */
  #follow(ratio: number): void {
    const move = ratio > this.#headroom ? HEADROOM_SHARE : HEADROOM_SHARE - 1;
    this.#headroom = Math.min(Math.max(this.#headroom + HEADROOM_GAIN * move, 1), MAX_HEADROOM);
  }

  #fitOf({ tokens, logitRows }: StepSizes): SpeedFit {
    return tokens > logitRows ? this.#mixed : this.#decoding;
  }

  #setStepWork(sizes: StepSizes): void {
    this.#setWork(sizes, this.#costs.perStep.bytes, this.#costs.perStep.flops);
  }

  #setWork({ tokens, logitRows, attendedPositions }: StepSizes, bytes: number, flops: number): void {
    const { perToken, perLogitRow, perAttendedPosition } = this.#costs;
    this.#work[0] =
      bytes + tokens * perToken.bytes + logitRows * perLogitRow.bytes + attendedPositions * perAttendedPosition.bytes;
    this.#work[1] = flops + tokens * perToken.flops + logitRows * perLogitRow.flops;
    this.#work[2] = attendedPositions * perAttendedPosition.flops;
  }
}

/** Positions that rows attend: each its own and all before it. */
export function attendedBy(computed: number, rows: number): number {
  return rows * computed + (rows * (rows + 1)) / 2;
}
