/**
 * Who holds which KV page. Pages are fixed blocks of `pageTokens` tokens, counted by reference: sequences
 * that share a prefix hold the same pages, the first write into a shared partial page copies it, and a
 * full page is never written again. The bytes live in the executor; this file holds only indices, and
 * decides deterministically (last freed, first taken).
 *
 * After vLLM's block manager (Kwon et al. 2023, "Efficient Memory Management for Large Language Model
 * Serving with PagedAttention").
 */

import { at, invariant } from "../../base/invariant.ts";
import type { CacheDomain } from "./cache-domain.ts";
import type { PageTable } from "./page-table.ts";
import type { TenantShare } from "./tenant-share.ts";

/** The first `tokens` tokens of page `from` must be copied to page `to` before the next step runs. */
export interface PageCopy {
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
}

/** Gives up cached pages that nobody else holds. */
export interface PageEvictor {
  /** Frees at least `pages` pages; so many can be evicted. */
  evict(pages: number): void;
  /** Frees up to `pages` pages of a tenant. */
  evictOf(tenant: TenantShare, pages: number): void;
}

/** One reference to one page, for checks. */
export interface PageHold {
  readonly page: number;
  readonly domain: CacheDomain;
}

export class PagePool {
  readonly pages: number;
  readonly pageTokens: number;
  /** Called when a page is taken and none is free. */
  evictor: PageEvictor | null = null;
  /** A stack; its top is the next page taken. */
  readonly #free: Int32Array;
  #freeCount: number;
  readonly #references: Int32Array;
  /** 1 where one of the references is the cache's. */
  readonly #cached: Uint8Array;
  /** Pages whose only reference is the cache's. */
  #evictable = 0;
  /** Pages that two or more hold beside the cache. */
  #shared = 0;
  /** Of pages in use: whose tokens they hold. */
  readonly #domains: (CacheDomain | null)[];

  constructor(pages: number, pageTokens: number) {
    this.pages = pages;
    this.pageTokens = pageTokens;
    this.#free = Int32Array.from({ length: pages }, (_, index) => pages - 1 - index);
    this.#freeCount = pages;
    this.#references = new Int32Array(pages);
    this.#cached = new Uint8Array(pages);
    this.#domains = Array.from({ length: pages }, () => null);
  }

  get free(): number {
    return this.#freeCount;
  }

  /** Pages that only the cache holds: they serve the next who asks for their tokens, or for room. */
  get evictable(): number {
    return this.#evictable;
  }

  /** Pages that two or more hold beside the cache. */
  get shared(): number {
    return this.#shared;
  }

  /** Pages that can be had without taking any from a running sequence. */
  get available(): number {
    return this.#freeCount + this.#evictable;
  }

  /** Pages that a tenant can have without taking any from a running sequence, and within its quota. */
  availableTo({ quota, used, evictable }: TenantShare): number {
    return Math.min(this.available, quota - used + evictable);
  }

  /** Pages that something other than the cache holds. */
  get inUse(): number {
    return this.pages - this.available;
  }

  /** Pages that `tokens` tokens fill, the last one perhaps in part. */
  pagesFor(tokens: number): number {
    return Math.ceil(tokens / this.pageTokens);
  }

  /** Pages to take from the pool so that positions [computed, target) of `table` can be written. */
  pagesNeeded(table: PageTable, computed: number, target: number): number {
    const missing = Math.max(0, this.pagesFor(target) - table.length);
    return missing + (this.mustCopy(table, computed) ? 1 : 0);
  }

  /** The furthest position up to `target` that the pages available to its tenant let `table` reach. */
  reach(table: PageTable, tenant: TenantShare, computed: number, target: number): number {
    const spare = this.availableTo(tenant) - (this.mustCopy(table, computed) ? 1 : 0);
    if (spare < 0) return computed;
    return Math.min(target, (table.length + spare) * this.pageTokens);
  }

  /**
   * Makes positions [computed, target) of `table`, a sequence of `domain`, writable. `pagesNeeded` pages
   * must be available to its tenant. A copy that must happen first is added to `copies`; its source may be taken by
   * someone else before then, which only later copies and the step itself write to.
   */
  extend(table: PageTable, domain: CacheDomain, computed: number, target: number, copies: PageCopy[]): void {
    const needed = this.pagesNeeded(table, computed, target);
    const { tenant } = domain;
    if (tenant.used + needed > tenant.quota) this.evictor?.evictOf(tenant, tenant.used + needed - tenant.quota);
    if (needed > this.#freeCount) this.evictor?.evict(needed - this.#freeCount);
    if (this.mustCopy(table, computed)) {
      const index = Math.floor(computed / this.pageTokens);
      const from = table.at(index);
      const to = this.#take(domain);
      copies.push({ from, to, tokens: computed % this.pageTokens });
      table.replace(index, to);
      this.release(from);
    }
    while (table.length < this.pagesFor(target)) table.push(this.#take(domain));
  }

  /** Lets `table` end with `page` as well. */
  share(page: number, table: PageTable): void {
    this.retain(page);
    table.push(page);
  }

  /** Puts `page`, which holds the same tokens, in the place of the table's own. */
  replace(table: PageTable, index: number, page: number): void {
    this.retain(page);
    this.release(table.at(index));
    table.replace(index, page);
  }

  /** Gives up the pages of `table` behind the first `length`. */
  truncate(table: PageTable, length: number): void {
    for (let index = table.length - 1; index >= length; index--) this.release(table.at(index));
    table.truncate(length);
  }

  /** Adds a reference to a page that has one. */
  retain(page: number): void {
    invariant(this.references(page) > 0, `page ${page} is held when it is shared`);
    if (this.#isEvictable(page)) this.#countEvictable(page, -1);
    this.#references[page] = this.references(page) + 1;
    if (this.holders(page) === 2) this.#shared += 1;
  }

  /** Gives up a reference; with the last one the page is free. */
  release(page: number): void {
    const references = this.references(page) - 1;
    invariant(references >= 0, `page ${page} is held when it is given up`);
    if (this.holders(page) === 2) this.#shared -= 1;
    this.#references[page] = references;
    if (references === 0) this.#putBack(page);
    else if (this.#isEvictable(page)) this.#countEvictable(page, 1);
  }

  /** The cache takes a reference of its own; it has at most one to a page. */
  cache(page: number): void {
    invariant(this.#cached[page] === 0 && this.references(page) > 0, `page ${page} is cached once, by who holds it`);
    this.#references[page] = this.references(page) + 1;
    this.#cached[page] = 1;
  }

  /** The cache gives up its reference. */
  uncache(page: number): void {
    invariant(this.#cached[page] === 1, `page ${page} is cached`);
    if (this.#isEvictable(page)) this.#countEvictable(page, -1);
    this.#cached[page] = 0;
    this.#references[page] = this.references(page) - 1;
    if (this.references(page) === 0) this.#putBack(page);
  }

  references(page: number): number {
    return at(this.#references, page);
  }

  /** References but for the cache's. */
  holders(page: number): number {
    return this.references(page) - at(this.#cached, page);
  }

  /** Whether positions [from, to) of `table` lie in pages that nobody else holds. */
  ownsAlone(table: PageTable, from: number, to: number): boolean {
    for (let index = Math.floor(from / this.pageTokens); index < this.pagesFor(to); index++) {
      if (this.references(table.at(index)) !== 1) return false;
    }
    return true;
  }

  /** Throws unless the counts agree with each other and with all holds, of which `cached` are the cache's. */
  checkInvariants(holds: Iterable<PageHold>, cached: Iterable<PageHold>): void {
    const expected = new Int32Array(this.pages);
    const byCache = new Uint8Array(this.pages);
    const count = ({ page, domain }: PageHold): void => {
      expected[page] = at(expected, page) + 1;
      const owner = this.#domains[page];
      invariant(owner?.isPublic === true || owner?.key === domain.key, `page ${page} belongs to one domain`);
    };
    for (const hold of holds) count(hold);
    for (const hold of cached) {
      count(hold);
      byCache[hold.page] = 1;
    }
    this.#checkFree();
    for (let page = 0; page < this.pages; page++) {
      invariant(this.references(page) === expected[page], `page ${page} has as many references as holders`);
      invariant(this.#cached[page] === byCache[page], `page ${page} is cached as the cache says`);
    }
    this.#checkTenants();
  }

  #checkFree(): void {
    const isFree = new Uint8Array(this.pages);
    for (let index = 0; index < this.#freeCount; index++) {
      const page = at(this.#free, index);
      invariant(isFree[page] === 0, `page ${page} is free once`);
      isFree[page] = 1;
    }
    let evictable = 0;
    let shared = 0;
    for (let page = 0; page < this.pages; page++) {
      invariant((this.references(page) === 0) === (isFree[page] === 1), `page ${page} is free or referenced`);
      if (this.#isEvictable(page)) evictable += 1;
      if (this.holders(page) > 1) shared += 1;
    }
    invariant(evictable === this.#evictable, "evictable pages are counted");
    invariant(shared === this.#shared, "shared pages are counted");
  }

  #checkTenants(): void {
    const counts = new Map<TenantShare, { used: number; evictable: number }>();
    for (const [page, domain] of this.#domains.entries()) {
      invariant((domain === null) === (this.references(page) === 0), `page ${page} belongs to someone or is free`);
      if (domain === null) continue;
      const count = counts.get(domain.tenant) ?? { used: 0, evictable: 0 };
      counts.set(domain.tenant, count);
      count.used += 1;
      if (this.#isEvictable(page)) count.evictable += 1;
    }
    for (const [{ name, used, evictable, quota }, count] of counts) {
      invariant(used === count.used && evictable === count.evictable, `the pages of ${name} are counted`);
      invariant(used <= quota, `${name} holds no more pages than it may`);
    }
  }

  /** Whether the page of position `computed` is partial and held by someone else too: it is copied before it is written. */
  mustCopy(table: PageTable, computed: number): boolean {
    if (computed % this.pageTokens === 0) return false;
    return this.references(table.at(Math.floor(computed / this.pageTokens))) > 1;
  }

  #countEvictable(page: number, change: 1 | -1): void {
    this.#evictable += change;
    const domain = this.#domains[page];
    if (domain) domain.tenant.evictable += change;
  }

  #isEvictable(page: number): boolean {
    return this.#cached[page] === 1 && this.references(page) === 1;
  }

  #take(domain: CacheDomain): number {
    invariant(this.#freeCount > 0, "a page is free when one is taken");
    this.#freeCount -= 1;
    const page = at(this.#free, this.#freeCount);
    this.#references[page] = 1;
    this.#domains[page] = domain;
    domain.tenant.used += 1;
    return page;
  }

  #putBack(page: number): void {
    const domain = this.#domains[page];
    invariant(domain !== null && domain !== undefined, `page ${page} belonged to someone`);
    domain.tenant.used -= 1;
    this.#domains[page] = null;
    this.#free[this.#freeCount] = page;
    this.#freeCount += 1;
  }
}
