import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CacheDomains } from "./cache-domain.ts";
import { type PageCopy, type PageHold, PagePool } from "./page-pool.ts";
import { PageTable } from "./page-table.ts";

const DOMAIN = new CacheDomains().of("tenant", "");

/** Lets `into` hold the pages of the first `tokens` tokens of `source`. */
function shareAll(pool: PagePool, source: PageTable, tokens: number, into: PageTable): void {
  for (let index = 0; index < pool.pagesFor(tokens); index++) pool.share(source.at(index), into);
}

function holdsOf(tables: readonly PageTable[]): PageHold[] {
  return tables.flatMap((table) =>
    Array.from({ length: table.length }, (_, index) => ({ page: table.at(index), domain: DOMAIN })),
  );
}

describe("PagePool", () => {
  it("takes pages in a fixed order and gives back the last freed first", () => {
    const pool = new PagePool(4, 16);
    const a = new PageTable();
    const b = new PageTable();
    pool.extend(a, DOMAIN, 0, 17, []);
    pool.extend(b, DOMAIN, 0, 1, []);
    expect([a.at(0), a.at(1), b.at(0)]).toEqual([0, 1, 2]);
    pool.truncate(a, 0);
    pool.extend(b, DOMAIN, 1, 33, []);
    expect([b.at(1), b.at(2)]).toEqual([0, 1]);
    expect(pool.inUse).toBe(3);
  });

  it("shares full pages and copies a partial one on the first write only", () => {
    const pool = new PagePool(8, 16);
    const source = new PageTable();
    const fork = new PageTable();
    pool.extend(source, DOMAIN, 0, 20, []);
    shareAll(pool, source, 20, fork);
    expect(pool.inUse).toBe(2);
    expect(pool.ownsAlone(fork, 16, 21)).toBe(false);
    expect(pool.pagesNeeded(fork, 20, 21)).toBe(1);
    const copies: PageCopy[] = [];
    pool.extend(fork, DOMAIN, 20, 21, copies);
    expect(copies).toEqual([{ from: 1, to: 2, tokens: 4 }]);
    expect(pool.pagesNeeded(source, 20, 21)).toBe(0);
    expect(fork.at(0)).toBe(source.at(0));
    expect(fork.at(1)).not.toBe(source.at(1));
    expect(pool.ownsAlone(fork, 20, 21)).toBe(true);
  });

  it("needs no copy where what is shared ends on a page border", () => {
    const pool = new PagePool(8, 16);
    const source = new PageTable();
    const fork = new PageTable();
    pool.extend(source, DOMAIN, 0, 17, []);
    shareAll(pool, source, 16, fork);
    expect(fork.length).toBe(1);
    expect(pool.pagesNeeded(fork, 16, 17)).toBe(1);
  });

  it("says how far the available pages reach", () => {
    const pool = new PagePool(3, 16);
    const table = new PageTable();
    pool.extend(table, DOMAIN, 0, 10, []);
    expect(pool.reach(table, DOMAIN.tenant, 10, 100)).toBe(48);
    expect(pool.reach(table, DOMAIN.tenant, 10, 20)).toBe(20);
    const fork = new PageTable();
    shareAll(pool, table, 10, fork);
    expect(pool.reach(fork, DOMAIN.tenant, 10, 100)).toBe(32);
    pool.extend(new PageTable(), DOMAIN, 0, 32, []);
    expect(pool.reach(fork, DOMAIN.tenant, 10, 100)).toBe(10);
  });

  it("counts cached pages that nobody else holds as available, and asks for them back", () => {
    const domain = new CacheDomains().of("tenant", "");
    const pool = new PagePool(2, 16);
    const table = new PageTable();
    pool.extend(table, domain, 0, 32, []);
    pool.cache(0);
    expect([pool.available, pool.inUse]).toEqual([0, 2]);
    pool.truncate(table, 0);
    expect([pool.free, pool.evictable, pool.inUse, domain.tenant.used]).toEqual([1, 1, 0, 1]);
    const asked: number[] = [];
    pool.evictor = {
      evictOf: () => undefined,
      evict(pages) {
        asked.push(pages);
        pool.uncache(0);
      },
    };
    pool.extend(table, domain, 0, 32, []);
    expect(asked).toEqual([1]);
    pool.checkInvariants(
      [0, 1].map((page) => ({ page, domain })),
      [],
    );
  });

  it("keeps its books through any sequence of operations", () => {
    const operation = fc.record({
      kind: fc.constantFrom("grow", "fork", "free", "cache", "uncache"),
      who: fc.nat(5),
      other: fc.nat(5),
      tokens: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const domain = new CacheDomains().of("tenant", "");
        const pool = new PagePool(9, 16);
        const cached = new Set<number>();
        let sharedWrites = 0;
        pool.evictor = {
          evictOf: () => undefined,
          evict(pages) {
            const idle = [...cached].filter((page) => pool.references(page) === 1).slice(0, pages);
            for (const page of idle) {
              cached.delete(page);
              pool.uncache(page);
            }
          },
        };
        const holders = Array.from({ length: 6 }, () => ({ table: new PageTable(), computed: 0 }));
        for (const { kind, who, other, tokens } of operations) {
          const holder = holders[who];
          const second = holders[other];
          if (holder === undefined || second === undefined) continue;
          const page = holder.table.length === 0 ? -1 : holder.table.at(tokens % holder.table.length);
          if (kind === "grow") {
            const target = holder.computed + tokens;
            if (pool.pagesNeeded(holder.table, holder.computed, target) > pool.available) continue;
            pool.extend(holder.table, domain, holder.computed, target, []);
            if (!pool.ownsAlone(holder.table, holder.computed, target)) sharedWrites += 1;
            holder.computed = target;
          } else if (kind === "fork" && second.computed === 0 && holder !== second) {
            const shared = Math.min(tokens, holder.computed);
            shareAll(pool, holder.table, shared, second.table);
            second.computed = shared;
          } else if (kind === "free") {
            pool.truncate(holder.table, 0);
            holder.computed = 0;
          } else if (kind === "cache" && page >= 0 && !cached.has(page)) {
            pool.cache(page);
            cached.add(page);
          } else if (kind === "uncache" && cached.has(page)) {
            pool.uncache(page);
            cached.delete(page);
          }
          const holds = holdsOf(holders.map((each) => each.table)).map((hold) => ({ ...hold, domain }));
          pool.checkInvariants(
            holds,
            Array.from(cached, (each) => ({ page: each, domain })),
          );
        }
        expect(sharedWrites).toBe(0);
      }),
    );
  });

  it("notices a page that is held by nobody, and one of two domains", () => {
    const pool = new PagePool(2, 16);
    const table = new PageTable();
    pool.extend(table, DOMAIN, 0, 1, []);
    expect(() => pool.checkInvariants([], [])).toThrow(/as many references as holders/);
    const other = new CacheDomains().of("other", "");
    expect(() => pool.checkInvariants([{ page: table.at(0), domain: other }], [])).toThrow(/one domain/);
  });
});
