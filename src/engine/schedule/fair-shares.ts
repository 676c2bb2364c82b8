/**
 * Who is next among tenants that want the machine at once: the one that has had the least work done, by its
 * weight. Start-time fair queueing (Goyal et al. 1996) over the tokens of LLM serving, as in the virtual
 * token counter (Sheng et al. 2024, "Fairness in Serving Large Language Models").
 *
 * Work is counted in rows of a prompt; what the cache has costs nothing. A tenant that comes back after it
 * wanted nothing begins where the others are: idle time is not saved up.
 */

import type { Sequence } from "./sequence.ts";

/** A generated token's work, in rows of a prompt: on CPUs it takes about as long as 3 to 5 of them. */
export const DECODE_ROW_COST = 4;

export class FairShares {
  /** For each priority the clock of the tenant that was chosen last; never goes back. */
  readonly #clocks = new Map<number, number>();

  /** `sequence` comes behind those that are `waiting`. */
  enter({ domain: { tenant }, priority }: Sequence, waiting: readonly Sequence[]): void {
    tenant.live += 1;
    let least = Infinity;
    for (const { domain, priority: other } of waiting) {
      // It wants the machine already, and keeps what it is owed.
      if (domain.tenant === tenant) return;
      if (other === priority) least = Math.min(least, domain.tenant.served);
    }
    const clock = this.#clocks.get(priority) ?? 0;
    tenant.served = Math.max(tenant.served, least === Infinity ? clock : Math.max(clock, least));
  }

  leave({ domain: { tenant } }: Sequence): void {
    tenant.live -= 1;
  }

  /** `sequence` was chosen before others. */
  choose({ domain: { tenant }, priority }: Sequence): void {
    this.#clocks.set(priority, Math.max(this.#clocks.get(priority) ?? 0, tenant.served));
  }

  /** `rows` of `sequence` are computed; negative where they are not after all. */
  charge({ domain: { tenant } }: Sequence, rows: number, decodes: boolean): void {
    tenant.served += (rows * (decodes ? DECODE_ROW_COST : 1)) / tenant.weight;
  }

  /** Whether `left` is before `right` in line: by priority, then by what their tenants had, then by their own order. */
  precedes(left: Sequence, right: Sequence): boolean {
    if (left.priority !== right.priority) return left.priority > right.priority;
    const [mine, other] = [left.domain.tenant, right.domain.tenant];
    if (mine !== other && mine.served !== other.served) return mine.served < other.served;
    return left.precedes(right);
  }
}
