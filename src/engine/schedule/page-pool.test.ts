import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PageCopy, PagePool, PageTable } from "./page-pool.ts";

describe("PagePool", () => {
  it("takes pages in a fixed order and gives back the last freed first", () => {
    const pool = new PagePool(4, 16);
    const a = new PageTable();
    const b = new PageTable();
    pool.extend(a, 0, 17, []);
    pool.extend(b, 0, 1, []);
    expect([a.at(0), a.at(1), b.at(0)]).toEqual([0, 1, 2]);
    pool.release(a);
    pool.extend(b, 1, 33, []);
    expect([b.at(1), b.at(2)]).toEqual([0, 1]);
    expect(pool.used).toBe(3);
  });

  it("shares full pages and copies a partial one on the first write only", () => {
    const pool = new PagePool(8, 16);
    const source = new PageTable();
    const fork = new PageTable();
    pool.extend(source, 0, 20, []);
    pool.fork(source, 20, fork);
    expect(pool.used).toBe(2);
    expect(pool.pagesNeeded(fork, 20, 21)).toBe(1);
    const copies: PageCopy[] = [];
    pool.extend(fork, 20, 21, copies);
    expect(copies).toEqual([{ from: 1, to: 2, tokens: 4 }]);
    expect(pool.pagesNeeded(source, 20, 21)).toBe(0);
    expect(fork.at(0)).toBe(source.at(0));
    expect(fork.at(1)).not.toBe(source.at(1));
  });

  it("needs no copy where the fork ends on a page border", () => {
    const pool = new PagePool(8, 16);
    const source = new PageTable();
    const fork = new PageTable();
    pool.extend(source, 0, 17, []);
    pool.fork(source, 16, fork);
    expect(fork.length).toBe(1);
    expect(pool.pagesNeeded(fork, 16, 17)).toBe(1);
  });

  it("says how far the free pages reach", () => {
    const pool = new PagePool(3, 16);
    const table = new PageTable();
    pool.extend(table, 0, 10, []);
    expect(pool.reach(table, 10, 100, 1)).toBe(32);
    expect(pool.reach(table, 10, 20, 2)).toBe(20);
    const fork = new PageTable();
    pool.fork(table, 10, fork);
    expect(pool.reach(fork, 10, 100, 0)).toBe(10);
    expect(pool.reach(fork, 10, 100, 1)).toBe(16);
  });

  it("keeps its books through any sequence of operations", () => {
    const operation = fc.record({
      kind: fc.constantFrom("grow", "fork", "free"),
      who: fc.nat(5),
      other: fc.nat(5),
      tokens: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const pool = new PagePool(9, 16);
        const sharedWrites: number[] = [];
        const holders = Array.from({ length: 6 }, () => ({ table: new PageTable(), computed: 0 }));
        for (const { kind, who, other, tokens } of operations) {
          const holder = holders[who];
          const second = holders[other];
          if (holder === undefined || second === undefined) continue;
          if (kind === "grow") {
            const target = holder.computed + tokens;
            if (pool.pagesNeeded(holder.table, holder.computed, target) > pool.free) continue;
            pool.extend(holder.table, holder.computed, target, []);
            // What is now written to belongs to this holder alone.
            for (let position = holder.computed; position < target; position++) {
              if (pool.references(holder.table.at(Math.floor(position / 16))) !== 1) sharedWrites.push(position);
            }
            holder.computed = target;
          } else if (kind === "fork" && second.computed === 0 && holder !== second) {
            const shared = Math.min(tokens, holder.computed);
            pool.fork(holder.table, shared, second.table);
            second.computed = shared;
          } else if (kind === "free") {
            pool.release(holder.table);
            holder.computed = 0;
          }
          pool.checkInvariants(holders.map((each) => each.table));
        }
        expect(sharedWrites).toEqual([]);
      }),
    );
  });

  it("notices a page that is held by nobody", () => {
    const pool = new PagePool(2, 16);
    pool.extend(new PageTable(), 0, 1, []);
    expect(() => pool.checkInvariants([])).toThrow(/as many references as holders/);
  });
});
