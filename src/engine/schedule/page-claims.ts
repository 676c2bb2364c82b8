/**
 * How sequences come to pages. What only the cache holds is evicted first; then a running sequence takes
 * them from one that is served after it, or gives way to it: of its own tenant, where there is one, and the cheapest
 * to compute again. A tenant at its quota takes from its own cache and its own sequences, never from another's.
 *
 * The first in the order of service loses its pages to nobody who grows, and fits its quota and the pool alone: it
 * ends, or gives way to one that waits. `victimsFor` says who could.
 */

import { givesWay, isAhead } from "./give-way.ts";
import type { PageCopy, PagePool } from "./page-pool.ts";
import type { PrefixIndex } from "./prefix-index.ts";
import type { Sequence } from "./sequence.ts";
import type { TenantShare } from "./tenant-share.ts";

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
    return this.#lackOf(candidate, this.#running(), this.#pool.available) <= 0;
  }

  /** The same for its tenant's quota alone. */
  isWithinQuota(candidate: Sequence): boolean {
    const { tenant } = candidate.domain;
    return tenant.quota === Infinity || this.#lackOf(candidate, this.#runningOf(tenant), quotaLeft(tenant)) <= 0;
  }

  /** Whatever the cache has of it, no further sequence of `tenant` is within its quota. */
  isAtQuota(tenant: TenantShare): boolean {
    if (tenant.quota === Infinity) return false;
    const own = this.#runningOf(tenant);
    return own.length > 0 && this.#pagesOfAll(own) + 1 > quotaLeft(tenant);
  }

  /**
   * Those of `candidates`, taken in their order, whose pages let `next` in, and where it `needsPlace` a place; null
   * where all of them would not do. `mayLose` says whether one may have to compute so many of its tokens again.
   */
  victimsFor(
    next: Sequence,
    candidates: readonly Sequence[],
    needsPlace: boolean,
    mayLose: (candidate: Sequence, tokens: number) => boolean,
  ): readonly Sequence[] | null {
    const { tenant } = next.domain;
    const running = this.#running().length;
    const own = this.#runningOf(tenant);
    let poolLack = this.#lackOf(next, this.#running(), this.#pool.available);
    let quotaLack = this.#lackOf(next, own, quotaLeft(tenant));
    const victims: Sequence[] = [];
    let ownVictims = 0;
    /** How many of the victims hold a page. */
    const holders = new Map<number, number>();
    for (const candidate of candidates) {
      const lack = Math.max(poolLack, quotaLack);
      if (lack <= 0 && (!needsPlace || victims.length > 0)) return victims;
      const isOwn = candidate.domain.tenant === tenant;
      const gain = this.#gainOf(candidate, holders);
      // Who would not help keeps what it has.
      if (lack > 0 && (gain === 0 || (poolLack <= 0 && !isOwn))) continue;
      const lost = Math.min(this.#ownTokens(candidate) ?? 0, Math.max(0, lack) * this.#pool.pageTokens);
      if (!mayLose(candidate, lost)) continue;
      victims.push(candidate);
      for (const page of pagesOf(candidate)) holders.set(page, (holders.get(page) ?? 0) + 1);
      poolLack = victims.length === running ? 0 : poolLack - gain;
      if (!isOwn) continue;
      ownVictims += 1;
      quotaLack = ownVictims === own.length ? 0 : quotaLack - gain;
    }
    return Math.max(poolLack, quotaLack) <= 0 && (!needsPlace || victims.length > 0) ? victims : null;
  }

  /** Pages that are missing for `candidate` beside `running`; 0 or less where none is. */
  #lackOf(candidate: Sequence, running: readonly Sequence[], available: number): number {
    if (running.length === 0) return 0;
    return this.#pagesToCome(candidate) + this.#pagesOfAll(running) - available;
  }

  #pagesOfAll(sequences: readonly Sequence[]): number {
    let pages = 0;
    for (const sequence of sequences) pages += this.#pagesToCome(sequence);
    return pages;
  }

  /** Pages that are had for others without `candidate`, once the sequences that `holders` counts are gone. */
  #gainOf(candidate: Sequence, holders: ReadonlyMap<number, number>): number {
    let pages = this.#pagesToCome(candidate);
    for (const page of pagesOf(candidate)) {
      if (this.#pool.holders(page) === 1 + (holders.get(page) ?? 0)) pages += 1;
    }
    return pages;
  }

  #runningOf(tenant: TenantShare): readonly Sequence[] {
    return this.#running().filter(({ domain }) => domain.tenant === tenant);
  }

  #pagesToCome({ pages, computed, tokens }: Sequence): number {
    return this.#pool.pagesNeeded(pages, computed, tokens.length + 1);
  }

  /** Preempts until there is room up to `target`, or nobody is left who may be. */
  #makeRoom(sequence: Sequence, target: number): void {
    while (this.#lacks(sequence, target)) {
      const victim = this.#cheapestFor(sequence);
      if (victim === null) return;
      this.#preempt(victim);
    }
  }

  #lacks({ pages, computed, domain }: Sequence, target: number): boolean {
    return this.#pool.pagesNeeded(pages, computed, target) > this.#pool.availableTo(domain.tenant);
  }

  /**
   * The sequence that gives `claimant` pages: of the lowest priority; of those one of its own tenant, which
   * so pays for its own growth; of those the one with the fewest tokens in pages of its own, of equal ones the last.
   * Null where none would free a page that `claimant` may take.
   */
  #cheapestFor(claimant: Sequence): Sequence | null {
    const candidates = this.#candidatesFor(claimant);
    const isOwn = ({ domain }: Sequence): boolean => domain.tenant === claimant.domain.tenant;
    let victim: Sequence | null = null;
    let least = Infinity;
    for (const sequence of candidates) {
      const tokens = this.#ownTokens(sequence);
      if (tokens === null) continue;
      if (victim !== null && sequence.priority === victim.priority) {
        if (isOwn(victim) && !isOwn(sequence)) continue;
        if (isOwn(victim) === isOwn(sequence) && tokens > least) continue;
      }
      victim = sequence;
      least = tokens;
    }
    return victim ?? this.#lastOfSharing(candidates, claimant);
  }

  /**
   * Who may have to give `claimant` pages, in the order of service: those behind it, and those that would give way to it
   * if it waited. A tenant that is ahead of another takes none from it, or it would take back what it gave: its
   * sequence waits in its place. None of this holds for the first of all, so that there is always one that goes on.
   */
  #candidatesFor(claimant: Sequence): readonly Sequence[] {
    const { tenant } = claimant.domain;
    const running = this.#running();
    const [first] = running;
    const atQuota = quotaLeft(tenant) <= this.#pool.available;
    return running.filter((sequence) => {
      if (sequence === claimant || (atQuota && sequence.domain.tenant !== tenant)) return false;
      if (claimant.precedes(sequence)) return claimant === first || !isAhead(claimant, sequence);
      return sequence !== first && givesWay(sequence, claimant, this.#pool.pageTokens);
    });
  }

  /**
   * Where every page has several holders, as after a fork: the last of those that together hold a page which
   * nobody else has, or which `claimant` would write to were it alone.
   */
  #lastOfSharing(candidates: readonly Sequence[], claimant: Sequence): Sequence | null {
    const holders = new Map<number, number>();
    for (const candidate of candidates) {
      for (const page of pagesOf(candidate)) holders.set(page, (holders.get(page) ?? 0) + 1);
    }
    const written = this.#pool.mustCopy(claimant.pages, claimant.computed)
      ? claimant.pages.at(Math.floor(claimant.computed / this.#pool.pageTokens))
      : null;
    const isFreed = (page: number): boolean => {
      const others = this.#pool.holders(page) - (holders.get(page) ?? 0);
      return others === 0 || (page === written && others === 1);
    };
    return candidates.findLast((candidate) => [...pagesOf(candidate)].some(isFreed)) ?? null;
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

/** Pages that `tenant` may still take, and those that it gives up for them. */
function quotaLeft({ quota, used, evictable }: TenantShare): number {
  return quota - used + evictable;
}

function* pagesOf({ pages }: Sequence): Generator<number, undefined> {
  for (let index = 0; index < pages.length; index++) yield pages.at(index);
  return undefined;
}
