/** Which orders must end although they are not done: their time is up, or will surely be; their reader never came. */

import { turnwiseError, type TurnwiseError } from "../../base/errors.ts";
import { at } from "../../base/invariant.ts";
import type { PrefixIndex } from "../schedule/prefix-index.ts";
import type { Sequence } from "../schedule/sequence.ts";
import type { StepTimes } from "../schedule/step-times.ts";
import type { ActiveOrder } from "./active-order.ts";

/** A prompt is given up unseen only where it takes longer even if it runs so many times faster than predicted. */
const BENEFIT_OF_DOUBT = 2;

export class Overdue {
  readonly #index: PrefixIndex;
  readonly #times: StepTimes;
  readonly #parkTimeoutMs: number;

  constructor(index: PrefixIndex, times: StepTimes, parkTimeoutMs: number) {
    this.#index = index;
    this.#times = times;
    this.#parkTimeoutMs = parkTimeoutMs;
  }

  /** Why `active` ends now; null where it goes on. */
  reasonOf(active: ActiveOrder, nowMs: number): TurnwiseError | null {
    const { deadlineAtMs, parkedMs, admittedMs, firstTokenMs, order } = active;
    if (parkedMs !== null && nowMs - parkedMs >= this.#parkTimeoutMs) {
      return turnwiseError("reader_behind", { waitedMs: Math.round(nowMs - parkedMs) });
    }
    if (deadlineAtMs === Infinity) return null;
    const late = (reason: string): TurnwiseError =>
      turnwiseError("deadline_exceeded", { limitMs: order.deadlineMs, reason });
    if (deadlineAtMs <= nowMs) {
      if (admittedMs === null) return late("it was still waiting for its turn");
      return late(firstTokenMs === null ? "its prompt was not done" : "its answer was not done");
    }
    if (admittedMs === null && this.#isHopeless(at(active.sequences, 0), deadlineAtMs - nowMs)) {
      return late("its prompt alone takes longer than is left");
    }
    return null;
  }

  /** When the first of `orders` ends that need no step for it. */
  nextMs(orders: Iterable<ActiveOrder>): number {
    let nextMs = Infinity;
    for (const { deadlineAtMs, parkedMs } of orders) {
      const parkEndMs = parkedMs === null ? Infinity : parkedMs + this.#parkTimeoutMs;
      nextMs = Math.min(nextMs, deadlineAtMs, parkEndMs);
    }
    return nextMs;
  }

  /** Whether what the cache lacks of a prompt takes longer than `leftMs`, if the machine is known well enough to say. */
  #isHopeless({ tokens, target, reusable, domain }: Sequence, leftMs: number): boolean {
    const takesLonger = (known: number): boolean =>
      this.#times.predictAdded(known, target - known) > BENEFIT_OF_DOUBT * leftMs;
    // The tree is asked only where it matters: that takes a walk over the prompt.
    return this.#times.isFitted && takesLonger(0) && takesLonger(this.#index.match(tokens, reusable, domain).tokens);
  }
}
