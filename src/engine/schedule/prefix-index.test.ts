import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countOf } from "../../base/distribution.ts";
import { TokenBuffer } from "../step/token-buffer.ts";
import { type CacheDomain, CacheDomains } from "./cache-domain.ts";
import { type PageHold, PagePool } from "./page-pool.ts";
import { PageTable } from "./page-table.ts";
import { PrefixIndex } from "./prefix-index.ts";

const PAGE_TOKENS = 4;

function make(pages: number) {
  const pool = new PagePool(pages, PAGE_TOKENS);
  let nowMs = 0;
  const index = new PrefixIndex(pool, { fingerprint: "model", clock: () => nowMs });
  const domains = new CacheDomains();
  const tenant = domains.of("tenant", "");
  /** Computes a text, reusing what is known, and leaves it to the index; gives the tokens that were found. */
  const run = (text: readonly number[], domain: CacheDomain = tenant, keepUntilMs = 0): number => {
    const tokens = new TokenBuffer(Int32Array.from(text));
    const table = new PageTable();
    const match = index.match(tokens, text.length - 1, domain);
    index.adopt(match, table);
    index.use(match);
    pool.extend(table, domain, match.tokens, text.length, []);
    const node = index.insert(table, tokens, text.length, domain, match.node);
    const last = index.insertTail(table, tokens, text.length, domain, node);
    if (last !== null) index.protect(last, keepUntilMs);
    pool.truncate(table, 0);
    check();
    return match.tokens;
  };
  const found = (text: readonly number[], domain: CacheDomain = tenant): number =>
    index.match(new TokenBuffer(Int32Array.from(text)), text.length, domain).tokens;
  const check = (holds: readonly PageHold[] = []): void => {
    pool.checkInvariants([...holds, ...index.pins()], index.holds());
    index.checkInvariants();
  };
  const setTime = (ms: number): void => {
    nowMs = ms;
  };
  return { pool, index, domains, tenant, run, found, check, setTime };
}

const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

describe("PrefixIndex", () => {
  it("finds exactly the common prefix, within pages too", () => {
    const { run, found } = make(20);
    run(range(10));
    for (let common = 0; common <= 10; common++) expect(found([...range(common), 77, 77, 77])).toBe(common);
    expect(found(range(30))).toBe(10);
  });

  it("keeps one node for a tail that grows, and both where texts part", () => {
    const { run, found, pool } = make(20);
    run(range(6));
    expect(run(range(7))).toBe(6);
    // Pages: [0..3], [4..6]; the tail [4, 5] is part of the longer one.
    expect(pool.evictable).toBe(2);
    run([...range(5), 90, 91]);
    expect(pool.evictable).toBe(3);
    expect([found(range(9)), found([...range(5), 90, 91, 92])]).toEqual([7, 7]);
  });

  it("shares nothing between domains and cache keys", () => {
    const { run, found, domains } = make(20);
    run(range(9));
    expect(found(range(9), domains.of("other", ""))).toBe(0);
    expect(found(range(9), domains.of("tenant", "key"))).toBe(0);
    expect(found(range(9), domains.of("tenant", ""))).toBe(9);
  });

  it("keeps nothing of domains that are looked up and have no pages", () => {
    const { found, domains, index, pool, tenant, check } = make(20);
    expect(found(range(9), domains.of("stranger", ""))).toBe(0);
    check();
    // Less than a page is computed.
    const table = new PageTable();
    const tokens = new TokenBuffer(Int32Array.from(range(3)));
    pool.extend(table, tenant, 0, 3, []);
    expect(index.insert(table, tokens, 3, tenant, null)).toBeNull();
    pool.truncate(table, 0);
    check();
  });

  it("evicts the least recently used, leaves first", () => {
    const { run, found, index } = make(6);
    run(range(8));
    run(range(8, 100));
    run([...range(7), 50]);
    // The second text was used least recently; its last page goes first.
    index.evict(1);
    expect(found(range(8, 100))).toBe(4);
    index.evict(2);
    expect([found(range(8, 100)), found(range(8))]).toEqual([0, 7]);
  });

  it("evicts what is kept last, and no longer than until its time", () => {
    const { run, found, index, tenant, setTime } = make(6);
    run(range(8), tenant, 1000);
    run(range(8, 100));
    index.evict(2);
    expect([found(range(8)), found(range(8, 100))]).toEqual([8, 0]);
    run(range(8, 100));
    setTime(1000);
    index.evict(2);
    expect([found(range(8)), found(range(8, 100))]).toEqual([0, 8]);
    run(range(4, 200), tenant, 5000);
    index.evict(3);
    expect(index.evictions).toBe(7);
  });

  it("keeps what a conversation has gone on from no longer than its end, but for others that wait there", () => {
    const { run, found, index, tenant } = make(8);
    run(range(8), tenant, 1000);
    run([...range(4), ...range(4, 50)], tenant, 500);
    // It goes on from the first, and is answered in words.
    run(range(12), tenant, 0);
    run(range(8, 100));
    index.evict(2);
    expect([found(range(12)), found(range(8, 100))]).toEqual([4, 8]);
    expect(found([...range(4), ...range(4, 50)])).toBe(8);
  });

  it("tells how long what it evicts had not been used", () => {
    const { run, index, setTime } = make(6);
    run(range(8));
    setTime(30_000);
    run(range(8));
    run(range(4, 100));
    setTime(90_000);
    run(range(4, 100));
    setTime(91_000);
    index.evict(3);
    // Two pages since 61 s, one since a second.
    expect(index.evictionIdle.sum).toBe(123);
    expect(countOf(index.evictionIdle)).toBe(3);
  });

  it("compares tokens where hashes are equal", () => {
    const { run, index, found, tenant } = make(20);
    const hashOf = (text: readonly number[]): number => {
      const { node, partial } = index.match(new TokenBuffer(Int32Array.from(text)), text.length, tenant);
      return (partial ?? node)?.hash ?? Number.NaN;
    };
    run([1]);
    run([2]);
    // A hash takes a token in by exclusive or: this second token undoes what the first makes different.
    const second = 5 ^ hashOf([1]) ^ hashOf([2]);
    const [left, right] = [
      [1, 5, 6, 7],
      [2, second, 6, 7],
    ];
    run(left);
    // The tail [2] is known, and nothing of the other page.
    expect(found(right)).toBe(1);
    run(right);
    expect([found(left), found(right)]).toEqual([4, 4]);
    // The place next to the one that was taken: the hashes were equal.
    expect(hashOf(right)).toBe(hashOf(left) + 1);
  });

  it("takes the tree's page for a table's own where both hold the same", () => {
    const { pool, index, tenant, check } = make(8);
    const tokens = new TokenBuffer(Int32Array.from(range(8)));
    const [first, second] = [new PageTable(), new PageTable()];
    for (const table of [first, second]) {
      pool.extend(table, tenant, 0, 8, []);
      index.insert(table, tokens, 8, tenant, null);
    }
    expect([second.at(0), second.at(1)]).toEqual([first.at(0), first.at(1)]);
    expect(pool.free).toBe(6);
    check([first, second].flatMap((table) => [0, 1].map((place) => ({ page: table.at(place), domain: tenant }))));
  });

  it("agrees with a plain list of all texts, whatever comes", () => {
    const text = fc.array(fc.nat(2), { minLength: 1, maxLength: 20 });
    const action = fc.record({ text, domain: fc.nat(1), evict: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const { run, found, index, pool, domains, check } = make(400);
        const known: string[][] = [[], []];
        let evicted = false;
        for (const { text: tokens, domain, evict } of actions) {
          const where = domains.of(String(domain), "");
          const expected = Math.max(0, ...(known[domain] ?? []).map((other) => commonLength(other, tokens.join(""))));
          // What was evicted may be missing; nothing else is.
          const reused = found(tokens, where);
          expect(evicted ? Math.max(reused, expected) : reused).toBe(expected);
          run(tokens, where);
          known[domain]?.push(tokens.join(""));
          expect(found(tokens, where)).toBe(tokens.length);
          if (evict > 1 && pool.evictable >= evict) {
            index.evict(evict);
            evicted = true;
            check();
          }
        }
        index.evict(pool.evictable);
        expect(pool.free).toBe(400);
      }),
    );
  });

  describe("what is published", () => {
    it("is found by every domain, to the token, and what they have behind it by themselves alone", () => {
      const { run, found, domains } = make(40);
      const [a, b] = [domains.of("a", ""), domains.of("b", "")];
      run(range(10), domains.everyone);
      expect([found([...range(10), 90], a), found([...range(7), 90], b)]).toEqual([10, 7]);
      // Whole pages, pages that the published tail begins, and pages that leave it.
      const texts = [range(16), [...range(10), ...range(6, 60)], [...range(9), ...range(7, 80)]];
      for (const text of texts) {
        run(text, a);
        expect(found(text, a)).toBe(text.length);
        const common = text.findIndex((token, index) => index >= 10 || token !== index);
        expect(found(text, b)).toBe(common);
        run(text, b);
        expect(found(text, b)).toBe(text.length);
      }
    });

    it("is never evicted, and a longer one takes the place of a shorter one's tail", () => {
      const { run, found, pool, index, domains, tenant } = make(8);
      run(range(6), domains.everyone);
      run(range(11), domains.everyone);
      expect([pool.free, pool.evictable]).toEqual([5, 0]);
      run(range(20, 100));
      run(range(20, 200));
      expect(index.evictions).toBe(5);
      expect([found(range(20), tenant), found(range(20), domains.of("other", ""))]).toEqual([11, 11]);
    });

    it("changes nothing of what one domain finds by what others have", () => {
      const text = fc.array(fc.nat(1), { minLength: 1, maxLength: 14 });
      fc.assert(
        fc.property(
          text,
          fc.array(text, { maxLength: 6 }),
          fc.array(text, { maxLength: 6 }),
          (shared, ours, theirs) => {
            const counts = (others: readonly (readonly number[])[]): number[] => {
              const { run, domains } = make(200);
              const [a, b] = [domains.of("a", ""), domains.of("b", "")];
              run(shared, domains.everyone);
              for (const other of others) run(other, a);
              return ours.map((own) => run(own, b));
            };
            expect(counts(theirs)).toEqual(counts([]));
          },
        ),
      );
    });
  });
});

function commonLength(left: string, right: string): number {
  let length = 0;
  while (length < Math.min(left.length, right.length) && left[length] === right[length]) length += 1;
  return length;
}
