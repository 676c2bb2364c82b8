/**
 * Who may wait: answers, of which a request may want several, and the tokens of prompts, in all and of each tenant.
 * Decided on the main thread, so that nobody waits for a step to end to hear that there is no room.
 */

import { fail } from "../../base/errors.ts";
import type { Order } from "../step/order.ts";
import type { WaitingLimits } from "../engine-settings.ts";

interface Entry {
  readonly tenant: string;
  readonly tokens: number;
  readonly answers: number;
  /** Nothing has been computed for it yet. */
  waits: boolean;
  /** It waits for its reader, and not for a place. */
  isParked: boolean;
}

export interface RoomLimits extends WaitingLimits {
  /** Sequences that run at once: so many answers do not wait. */
  readonly maxSequences: number;
}

export class WaitingRoom {
  #limits: RoomLimits;
  readonly #entries = new Map<number, Entry>();
  #waitingTokens = 0;
  /** Answers that have a place or wait for one. */
  #answers = 0;

  constructor(limits: RoomLimits) {
    this.#limits = limits;
  }

  /** Of the prompts of those for which nothing has been computed yet. */
  get waitingTokens(): number {
    return this.#waitingTokens;
  }

  /** Lets an order in, or throws `queue_full` or `tenant_queue_full` with when to come back: after the wait that is forecast. */
  enter(order: Order, waitMs: number): void {
    const retryAfterS = Math.max(1, Math.ceil(waitMs / 1000));
    const { maxWaiting, maxWaitingTokens, maxSequences } = this.#limits;
    const { id, tenant } = order;
    const tokens = tokensOf(order);
    const waiting = this.#answers - maxSequences;
    if (waiting >= maxWaiting) fail("queue_full", { waiting, what: "answers", limit: maxWaiting, retryAfterS });
    // Into an empty room everyone may come, or a long prompt never could.
    if (this.#waitingTokens > 0 && this.#waitingTokens + tokens > maxWaitingTokens) {
      fail("queue_full", {
        waiting: this.#waitingTokens,
        what: "prompt tokens",
        limit: maxWaitingTokens,
        retryAfterS,
      });
    }
    this.#checkTenant(tenant, tokens, retryAfterS);
    const answers = order.kind === "generate" ? order.choices : 1;
    this.#entries.set(id, { tenant: tenant.name, tokens, answers, waits: true, isParked: false });
    this.#waitingTokens += tokens;
    this.#answers += answers;
  }

  /** From now on; who is in already stays. */
  limit(limits: WaitingLimits): void {
    this.#limits = { ...this.#limits, ...limits };
  }

  /** Something was computed for it: it waits no more. */
  begin(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || !entry.waits) return;
    entry.waits = false;
    this.#waitingTokens -= entry.tokens;
  }

  park(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.isParked) return;
    entry.isParked = true;
    this.#answers -= entry.answers;
  }

  /** It goes on; it was in, and needs no leave. */
  resume(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || !entry.isParked) return;
    entry.isParked = false;
    this.#answers += entry.answers;
  }

  leave(id: number): void {
    this.begin(id);
    this.park(id);
    this.#entries.delete(id);
  }

  #checkTenant({ name, maxWaiting, maxWaitingTokens }: Order["tenant"], tokens: number, retryAfterS: number): void {
    if (maxWaiting === Infinity && maxWaitingTokens === Infinity) return;
    let count = 0;
    let waitingTokens = 0;
    for (const entry of this.#entries.values()) {
      if (!entry.waits || entry.tenant !== name) continue;
      count += entry.answers;
      waitingTokens += entry.tokens;
    }
    if (count >= maxWaiting) {
      fail("tenant_queue_full", { tenant: name, waiting: count, what: "answers", limit: maxWaiting, retryAfterS });
    }
    if (count > 0 && waitingTokens + tokens > maxWaitingTokens) {
      const limit = maxWaitingTokens;
      fail("tenant_queue_full", { tenant: name, waiting: waitingTokens, what: "prompt tokens", limit, retryAfterS });
    }
  }
}

function tokensOf(order: Order): number {
  return order.kind === "generate" ? order.prompt.length : order.tokens.length;
}
