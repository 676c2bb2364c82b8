/**
 * Who may wait: requests and the tokens of their prompts, in all and of each tenant. Decided on the main
 * thread, so that nobody waits for a step to end to hear that there is no room.
 */

import { fail } from "../../base/errors.ts";
import type { Order } from "../step/order.ts";
import type { WaitingLimits } from "../engine-settings.ts";

interface Entry {
  readonly tenant: string;
  readonly tokens: number;
  /** Nothing has been computed for it yet. */
  waits: boolean;
}

export interface RoomLimits extends WaitingLimits {
  /** Orders that run at once: so many do not wait. */
  readonly maxSequences: number;
}

export class WaitingRoom {
  #limits: RoomLimits;
  readonly #entries = new Map<number, Entry>();
  #waitingTokens = 0;

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
    const waiting = this.#entries.size - maxSequences;
    if (waiting >= maxWaiting) fail("queue_full", { waiting, what: "requests", limit: maxWaiting, retryAfterS });
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
    this.#entries.set(id, { tenant: tenant.name, tokens, waits: true });
    this.#waitingTokens += tokens;
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

  leave(id: number): void {
    this.begin(id);
    this.#entries.delete(id);
  }

  #checkTenant({ name, maxWaiting, maxWaitingTokens }: Order["tenant"], tokens: number, retryAfterS: number): void {
    if (maxWaiting === Infinity && maxWaitingTokens === Infinity) return;
    let count = 0;
    let waitingTokens = 0;
    for (const entry of this.#entries.values()) {
      if (!entry.waits || entry.tenant !== name) continue;
      count += 1;
      waitingTokens += entry.tokens;
    }
    if (count >= maxWaiting) {
      fail("tenant_queue_full", { tenant: name, waiting: count, what: "requests", limit: maxWaiting, retryAfterS });
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
