/** What happens when pages run out. */

import { describe, expect, it } from "vitest";
import { makeScheduler } from "../../../test/support/scheduler-harness.ts";
import { CacheDomains } from "./cache-domain.ts";
import { PageClaims } from "./page-claims.ts";
import { PagePool } from "./page-pool.ts";
import { PrefixIndex } from "./prefix-index.ts";
import { Sequence } from "./sequence.ts";

describe("when pages run out", () => {
  it("the cheapest to compute again loses its pages, not the youngest", () => {
    const { add, step, scheduler } = makeScheduler({ pages: 7 });
    const old = add(30);
    const small = add(10);
    const large = add(60);
    while (scheduler.preemptions === 0) step();
    expect([old.state, small.state, large.state]).toEqual(["running", "waiting", "running"]);
  });

  it("of equal ones the last loses its pages", () => {
    const { add, step, scheduler } = makeScheduler({ pages: 6 });
    const sequences = [add(30), add(30), add(30)];
    while (scheduler.preemptions === 0) step();
    expect(sequences.map(({ state }) => state)).toEqual(["running", "running", "waiting"]);
  });

  it("what others share is not lost, and frees nothing", () => {
    const { add, step, scheduler } = makeScheduler({ pages: 10 });
    const shared = Int32Array.from({ length: 64 }, (_, index) => index);
    const [first, second] = [add(shared), add(shared)];
    step();
    step();
    const other = add(40);
    while (scheduler.preemptions === 0) step();
    // The second has 64 tokens and more, but a page of its own; the other has three.
    expect([first.state, second.state, other.state]).toEqual(["running", "waiting", "running"]);
    expect(second.tokens.length).toBeGreaterThan(64);
  });

  it("a tenant at its quota takes from its own, never from another's", () => {
    const domains = new CacheDomains();
    const [tight, wide] = [domains.of("tight", "", 6), domains.of("wide", "")];
    const { add, step, scheduler } = makeScheduler({ pages: 100 });
    const first = add(30, { domain: tight });
    const second = add(30, { domain: tight });
    const other = add(10, { domain: wide });
    while (scheduler.preemptions === 0) step();
    expect([first.state, second.state, other.state]).toEqual(["running", "waiting", "running"]);
    for (let count = 0; count < 15; count++) step();
    expect(tight.tenant.used).toBeLessThanOrEqual(6);
    expect(other.tokens.length).toBeGreaterThan(30);
  });

  it("its last sequence waits at its quota, where it has none behind it", () => {
    const domains = new CacheDomains();
    const [tight, wide] = [domains.of("tight", "", 2), domains.of("wide", "")];
    const { add, step, scheduler } = makeScheduler({ pages: 100 });
    const stuck = add(30, { domain: tight });
    const other = add(10, { domain: wide });
    for (let count = 0; count < 20; count++) step();
    // 32 tokens fill its two pages; the engine refuses orders that need more.
    expect([stuck.computed, scheduler.preemptions, other.tokens.length]).toEqual([32, 0, 30]);
  });

  it("its own cache goes first, and others' stays", () => {
    const domains = new CacheDomains();
    const [tight, wide] = [domains.of("tight", "", 6), domains.of("wide", "")];
    const { add, step, scheduler } = makeScheduler({ pages: 100 });
    const [kept, own] = [add(60, { domain: wide }), add(60, { domain: tight })];
    step();
    for (const sequence of [kept, own]) scheduler.remove(sequence);
    add(60, { domain: tight });
    step();
    expect([wide.tenant.evictable, tight.tenant.used]).toEqual([4, 6]);
  });

  it("a parked sequence holds nothing, and finds its pages again when it goes on", () => {
    const { add, step, scheduler, pool } = makeScheduler();
    const parked = add(40);
    for (let count = 0; count < 5; count++) step();
    scheduler.park(parked);
    scheduler.checkInvariants();
    expect([parked.state, pool.inUse, pool.evictable, scheduler.hasWork]).toEqual(["parked", 0, 3, false]);
    scheduler.resume(parked);
    expect(step()).toEqual([[1, 1]]);
  });

  it("a larger quota holds at once, a smaller one when the tenant has nothing running", () => {
    const domains = new CacheDomains();
    const { add, step, scheduler } = makeScheduler();
    const { tenant } = domains.of("tenant", "", 4);
    const running = add(20, { domain: domains.of("tenant", "", 4) });
    step();
    domains.of("tenant", "", 2);
    expect(tenant.quota).toBe(4);
    domains.of("tenant", "", 8);
    expect(tenant.quota).toBe(8);
    scheduler.remove(running);
    domains.of("tenant", "", 2);
    expect(tenant.quota).toBe(2);
  });
});

/** Running sequences whose pages a test hands out itself; a full pool and an empty cache. */
function sharers(pages: number) {
  const pool = new PagePool(pages, 16);
  const domain = new CacheDomains().of("tenant", "");
  const running: Sequence[] = [];
  const preempted: number[] = [];
  const index = new PrefixIndex(pool, { fingerprint: "model", clock: () => 0 });
  const claims = new PageClaims(
    pool,
    index,
    () => running,
    (victim) => {
      running.splice(running.indexOf(victim), 1);
      pool.truncate(victim.pages, 0);
      preempted.push(victim.age);
    },
  );
  const add = (computed: number): Sequence => {
    const age = running.length + 1;
    const tokens = new Int32Array(computed + 1);
    const init = { age, priority: 0, dueMs: Infinity, orderId: age, choice: 0, domain, tokens, scoreFrom: null };
    const sequence = new Sequence(init);
    sequence.computed = computed;
    running.push(sequence);
    return sequence;
  };
  const addOwner = (computed: number): Sequence => {
    const sequence = add(computed);
    pool.extend(sequence.pages, domain, 0, computed, []);
    return sequence;
  };
  const addSharer = ({ pages: shared, computed }: Sequence): Sequence => {
    const sequence = add(computed);
    for (let at = 0; at < shared.length; at++) pool.share(shared.at(at), sequence.pages);
    return sequence;
  };
  /** Rows that one more token of `sequence` was given, and whose pages it took. */
  const claimOne = (sequence: Sequence): readonly [number, readonly number[]] => [
    claims.claim(sequence, 1, true, []),
    preempted,
  ];
  return { pool, addOwner, addSharer, claimOne };
}

describe("where every page has several holders", () => {
  it("the first goes on in the page that it would have had to copy, once it has it alone", () => {
    const { pool, addOwner, addSharer, claimOne } = sharers(2);
    const first = addOwner(20);
    addSharer(first);
    addSharer(first);
    expect([pool.available, pool.shared]).toEqual([0, 2]);
    expect(claimOne(first)).toEqual([1, [3, 2]]);
  });

  it("those go that share pages with each other alone", () => {
    const { addOwner, addSharer, claimOne } = sharers(4);
    const first = addOwner(32);
    addSharer(addOwner(32));
    expect(claimOne(first)).toEqual([1, [3, 2]]);
  });

  it("nobody goes who would free nothing", () => {
    const { addOwner, addSharer, claimOne } = sharers(2);
    const first = addOwner(32);
    addSharer(first);
    // The second has only pages of the first, which needs a third.
    expect(claimOne(first)).toEqual([0, []]);
  });
});
