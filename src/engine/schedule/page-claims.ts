/**
 * How sequences come to pages. What only the cache holds is evicted first; then a running sequence takes
 * them from one that is served after it, the cheapest to compute again. A tenant at its quota takes from its own
 * cache and its own sequences, never from another's.
 *
 * The first in the order of service cannot lose its pages and fits its quota and the pool alone: it ends.
 */

import type { PageCopy, PagePool } from "./page-pool.ts";
import type { PageTable } from "./page-table.ts";
import type { PrefixIndex } from "./prefix-index.ts";
import type { Sequence } from "./sequence.ts";

export class PageClaims {
  readonly #pool: PagePool;
  readonly #index: PrefixIndex;
  readonly #running: () => readonly Sequence[];
  readonly #preempt: (victim: Sequence) => void;

  /** `preempt` takes the pages of a running sequence. */
  constructor(
    pool: PagePool,
    index: PrefixIndex,
    running: () => readonly Sequence[],
    preempt: (victim: Sequence) => void,
  ) {
    this.#pool = pool;
    this.#index = index;
    this.#running = running;
    this.#preempt = preempt;
  }

  /** Makes room for up to `rows` more tokens and returns how many fit; adds the copies to make first. */
  claim(sequence: Sequence, rows: number, mayPreempt: boolean, copies: PageCopy[]): number {
    if (rows <= 0) return 0;
    const { pages, computed, domain } = sequence;
    const target = computed + rows;
    if (mayPreempt) this.#makeRoom(sequence, target);
    if (this.#pool.reach(pages, domain.tenant, computed, target) <= computed) this.#takeSharedPage(sequence);
    const reach = this.#pool.reach(pages, domain.tenant, computed, target);
    if (reach > computed) this.#pool.extend(pages, domain, computed, reach, copies);
    return Math.max(0, reach - computed);
  }

  /**
   * A sequence is let in when the pages that its tenant and the pool can spare hold all its tokens and those
   * that running ones still have to compute, with a page for each to grow: letting in more would only preempt
   * it again. Whoever runs alone may always be let in.
   */
  hasRoomFor(candidate: Sequence): boolean {
    return this.#fits(candidate, this.#running(), this.#pool.available);
  }

  /** The same for its tenant's quota alone. */
  isWithinQuota(candidate: Sequence): boolean {
    const { tenant } = candidate.domain;
    if (tenant.quota === Infinity) return true;
    const own = this.#running().filter(({ domain }) => domain.tenant === tenant);
    return this.#fits(candidate, own, tenant.quota - tenant.used + tenant.evictable);
  }

  #fits(candidate: Sequence, running: readonly Sequence[], available: number): boolean {
    if (running.length === 0) return true;
    let needed = this.#pagesToCome(candidate);
    for (const sequence of running) needed += this.#pagesToCome(sequence);
    return needed <= available;
  }

  #pagesToCome({ pages, computed, tokens }: Sequence): number {
    return this.#pool.pagesNeeded(pages, computed, tokens.length + 1);
  }

  /** Preempts until there is room up to `target`, or nobody is left who may be. */
  #makeRoom(sequence: Sequence, target: number): void {
    while (this.#lacks(sequence, target)) {
      const victim = this.#cheapestAfter(sequence);
      if (victim === null) return;
      this.#preempt(victim);
    }
  }

  #lacks({ pages, computed, domain }: Sequence, target: number): boolean {
    return this.#pool.pagesNeeded(pages, computed, target) > this.#pool.availableTo(domain.tenant);
  }

  /**
   * The sequence after `claimant` that loses the least: of the lowest priority, with the fewest tokens in
   * pages of its own, of equal ones the last. Null where none would free a page that `claimant` may take.
   */
  #cheapestAfter(claimant: Sequence): Sequence | null {
    const candidates = this.#candidatesAfter(claimant);
    let victim: Sequence | null = null;
    let least = Infinity;
    for (const sequence of candidates) {
      const tokens = this.#ownTokens(sequence);
      if (tokens === null) continue;
      const isBetter = victim === null || sequence.priority < victim.priority || tokens <= least;
      if (!isBetter) continue;
      victim = sequence;
      least = tokens;
    }
    return victim ?? this.#lastOfSharing(candidates, claimant);
  }

  /** In the order of service. */
  #candidatesAfter(claimant: Sequence): readonly Sequence[] {
    const { tenant } = claimant.domain;
    const atQuota = tenant.quota - tenant.used + tenant.evictable <= this.#pool.available;
    return this.#running().filter(
      (sequence) => claimant.precedes(sequence) && (!atQuota || sequence.domain.tenant === tenant),
    );
  }

  /**
   * Where every page has several holders, as after a fork: the last of those that together hold a page which
   * nobody else has, or which `claimant` would write to were it alone.
   */
  #lastOfSharing(candidates: readonly Sequence[], claimant: Sequence): Sequence | null {
    const holders = new Map<number, number>();
    for (const { pages } of candidates) {
      for (let index = 0; index < pages.length; index++) {
        const page = pages.at(index);
        holders.set(page, (holders.get(page) ?? 0) + 1);
      }
    }
    const written = this.#pool.mustCopy(claimant.pages, claimant.computed)
      ? claimant.pages.at(Math.floor(claimant.computed / this.#pool.pageTokens))
      : null;
    const isFreed = (page: number): boolean => {
      const others = this.#pool.holders(page) - (holders.get(page) ?? 0);
      return others === 0 || (page === written && others === 1);
    };
    return candidates.findLast(({ pages }) => someOf(pages, isFreed)) ?? null;
  }

  /** Tokens to compute again if the pages went that no other sequence has; null where it has none. */
  #ownTokens({ pages, computed }: Sequence): number | null {
    const { pageTokens } = this.#pool;
    let tokens: number | null = null;
    for (let index = 0; index < pages.length; index++) {
      if (this.#pool.holders(pages.at(index)) > 1) continue;
      tokens = (tokens ?? 0) + Math.max(0, Math.min(pageTokens, computed - index * pageTokens));
    }
    return tokens;
  }

  /** Where there is no page to copy a page to that is shared with the cache alone, the cache gives it up. */
  #takeSharedPage({ pages, computed, domain, indexed }: Sequence): void {
    if (!this.#pool.mustCopy(pages, computed)) return;
    const page = pages.at(Math.floor(computed / this.#pool.pageTokens));
    if (this.#pool.holders(page) === 1) this.#index.surrender(page, domain, indexed);
  }
}

function someOf(pages: PageTable, test: (page: number) => boolean): boolean {
  for (let index = 0; index < pages.length; index++) if (test(pages.at(index))) return true;
  return false;
}
