/**
 * The real step loop and scheduler under a virtual clock: an executor without a model, on a machine whose
 * steps take a time that their sizes give. The scheduler does not know that machine; it learns it.
 */

import type { GenerationOrder } from "../../src/engine/step/order.ts";
import { StepLoop } from "../../src/engine/step/step-loop.ts";
import type { StepEvent } from "../../src/engine/threads/step-messages.ts";
import type { GenerationUsage } from "../../src/engine/types.ts";
import type { StepCosts } from "../../src/graph/step-costs.ts";
import type { StepBatch } from "../../src/graph/executor.ts";
import { createRandom } from "../../src/base/random.ts";
import { FakeExecutor } from "./fake-executor.ts";
import { letterText } from "./letter-text.ts";

/** About a model of 1B at 4 bits. */
const COSTS: StepCosts = {
  perStep: { flops: 0, bytes: 6e8 },
  perToken: { flops: 2e9, bytes: 0 },
  perLogitRow: { flops: 0, bytes: 0 },
  perAttendedPosition: { flops: 1.3e5, bytes: 0 },
};

/** Reads its weights in 20 ms, computes a row in 5 ms and attends 1,000 positions in 1.3 ms. */
function machineMs({ positions }: StepBatch): number {
  let attended = 0;
  for (const position of positions) attended += position + 1;
  return 20 + positions.length * 5 + attended * 0.0013;
}

/** Milliseconds between two changes of an unsteady machine's pace. */
const PACE_MS = 20_000;

/**
 * What the steps of a machine that others use too take longer than they should: up to a sixth more or less each, three
 * in a hundred up to half as long again, and all of them up to a seventh more or less for a while.
 */
export function unsteadiness(seed: string): (nowMs: number) => number {
  const random = createRandom(seed);
  let untilMs = 0;
  let pace = 1;
  return (nowMs) => {
    while (nowMs >= untilMs) {
      pace = 0.85 + 0.3 * random();
      untilMs += PACE_MS;
    }
    const disturbance = random() < 0.03 ? 1 + random() / 2 : 1;
    return (pace * disturbance * (5 + random() + random())) / 6;
  };
}

export interface SimulatedTurn {
  readonly id: number;
  readonly atMs: number;
  readonly firstTokenMs: number;
  readonly endMs: number;
  readonly usage: GenerationUsage;
  /** Of its tokens. */
  readonly times: readonly number[];
}

export interface SimulatorOptions {
  readonly pages: number;
  readonly pageTokens: number;
  readonly maxStallMs: number;
  /** Sequences that run at once; 16 by default. */
  readonly maxSequences?: number;
  /** Steps take so many times as long as they should, by the time of day; 1 by default. */
  readonly slowness?: (nowMs: number) => number;
}

/** A turn that did not end well. */
export interface FailedTurn {
  readonly id: number;
  readonly atMs: number;
  readonly endMs: number;
  readonly code: string;
}

interface RunOptions {
  readonly untilMs?: number;
  readonly onFailure?: (turn: FailedTurn) => void;
}

type Arrival = { readonly atMs: number; readonly order: GenerationOrder };

export class TurnSimulator {
  readonly loop: StepLoop;
  /** Steps in which nothing was prefilled. */
  readonly decodeStepMs: number[] = [];
  nowMs = 0;
  readonly #arrivals: Arrival[] = [];
  readonly #tokens = new Map<number, { atMs: number; times: number[] }>();

  constructor({ pages, pageTokens, maxStallMs, maxSequences = 16, slowness = () => 1 }: SimulatorOptions) {
    const executor = new FakeExecutor({ maxTokens: 512, maxLogitRows: 16, pages, pageTokens }, 26);
    executor.onStep = (batch) => {
      const ms = machineMs(batch) * slowness(this.nowMs);
      this.nowMs += ms;
      if (batch.tokens.length === batch.sequenceStarts.length - 1) this.decodeStepMs.push(ms);
    };
    this.loop = new StepLoop({
      executor,
      text: letterText(),
      limits: { maxSequences, maxStallMs, minPrefillShare: 0.25, parkTimeoutMs: 60_000 },
      costs: COSTS,
      fingerprint: "simulated",
      poolBytes: 1,
      clock: () => this.nowMs,
    });
  }

  /** A turn that begins at `atMs`, or as soon after as the loop looks. */
  submitAt(atMs: number, order: GenerationOrder): void {
    this.#arrivals.push({ atMs, order });
    this.#arrivals.sort((left, right) => left.atMs - right.atMs);
  }

  /**
   * Until nothing is left to do, or it is `untilMs`; `onTurn` may submit what follows a turn. A turn that fails
   * throws where no `onFailure` takes it.
   */
  run(onTurn: (turn: SimulatedTurn) => void, { untilMs = Infinity, onFailure }: RunOptions = {}): void {
    while (this.nowMs < untilMs && (this.loop.hasWork || this.#arrivals.length > 0)) {
      if (!this.loop.hasWork) this.nowMs = Math.max(this.nowMs, this.#arrivals[0]?.atMs ?? 0);
      while (this.#arrivals.length > 0 && (this.#arrivals[0]?.atMs ?? 0) <= this.nowMs) this.#submitNext();
      this.loop.step();
      for (const event of this.loop.takeEvents()) this.#note(event, onTurn, onFailure);
    }
  }

  #submitNext(): void {
    const next = this.#arrivals.shift();
    if (next === undefined) return;
    this.#tokens.set(next.order.id, { atMs: next.atMs, times: [] });
    this.loop.submit(next.order);
  }

  #note(event: StepEvent, onTurn: (turn: SimulatedTurn) => void, onFailure: RunOptions["onFailure"]): void {
    const seen = this.#tokens.get(event.id);
    if (seen === undefined || event.kind === "scored") return;
    if (event.kind === "failed") {
      if (onFailure === undefined) throw new TypeError(`order ${event.id} failed: ${event.error.message}`);
      onFailure({ id: event.id, atMs: seen.atMs, endMs: this.nowMs, code: event.error.code });
      return;
    }
    if (event.part.kind === "delta") seen.times.push(this.nowMs);
    if (event.part.kind !== "end") return;
    const { atMs, times } = seen;
    const { usage } = event.part;
    onTurn({ id: event.id, atMs, firstTokenMs: times[0] ?? 0, endMs: this.nowMs, usage, times });
  }
}

/** Milliseconds between two tokens, where the second came in that time. */
export function gapsOf(times: readonly number[], fromMs = -Infinity, toMs = Infinity): number[] {
  return times.flatMap((time, index) => {
    const before = times[index - 1];
    return before !== undefined && time > fromMs && time <= toMs ? [time - before] : [];
  });
}

/** The value below which `share` of them lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
