import { describe, expect, it } from "vitest";
import { SessionStore } from "./session-store.ts";
import { makeTurn } from "../../test/support/make-turn.ts";
import { type KeptTurn, keepTurn } from "./kept-turn.ts";
import { totalBytes } from "./session-memory.ts";
import type { Turn } from "./turn.ts";

const turn = (id: string): Turn => makeTurn({ id });
const kept = (...ids: readonly string[]): readonly KeptTurn[] =>
  ids.reduce<readonly KeptTurn[]>((turns, id) => keepTurn(turns, turn(id)), []);
/** Takes 1,000 bytes of a session: 4 of a token, and 4 of a character. */
const large = (id: string, letter: string): Turn =>
  makeTurn({ id, promptText: letter.repeat(125), ledger: new Int32Array(125) });

const NEW = { frame: {}, opening: [], turns: [], parent: null, metadata: {}, ttlMs: 1000 };
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

function make(maxTenantBytes?: number) {
  let nowMs = 0;
  const store = new SessionStore(() => nowMs, maxTenantBytes);
  return { store, pass: (ms: number) => (nowMs += ms) };
}

describe("Session", () => {
  it("moves its head only when a turn has finished, one at a time", () => {
    const { store } = make();
    const session = store.create("a", NEW);
    session.begin(() => undefined, 0);
    expect(() => session.begin(() => undefined, 0)).toThrow(code("session_busy"));
    expect(() => session.rollback(null, 0)).toThrow(code("session_busy"));
    session.end(null, 0);
    expect(session.head).toBeNull();
    session.begin(() => undefined, 0);
    session.end(turn("t1"), 0);
    expect([session.head?.id, session.isRunning]).toEqual(["t1", false]);
  });

  it("refuses a turn that expects another head", () => {
    const { store } = make();
    const session = store.create("a", { ...NEW, turns: kept("t1", "t2") });
    expect(() => session.require("t1")).toThrow(code("session_conflict"));
    expect(() => session.require(null)).toThrow(code("session_conflict"));
    expect(() => session.require("t2")).not.toThrow();
    expect(() => session.require(undefined)).not.toThrow();
  });

  it("rolls back to any of its turns, and to the beginning", () => {
    const { store } = make();
    const session = store.create("a", { ...NEW, turns: kept("t1", "t2", "t3") });
    session.rollback("t2", 0);
    expect(session.turns.map(({ id }) => id)).toEqual(["t1", "t2"]);
    expect(() => session.rollback("t3", 0)).toThrow(code("turn_not_found"));
    session.rollback(null, 0);
    expect(session.head).toBeNull();
  });
});

describe("SessionStore", () => {
  it("shows a tenant its own sessions alone", () => {
    const { store } = make();
    const { id } = store.create("a", NEW);
    expect(store.get("a", id).id).toBe(id);
    expect(() => store.get("b", id)).toThrow(code("session_not_found"));
    expect(() => store.delete("b", id)).toThrow(code("session_not_found"));
    expect([store.list("a").length, store.list("b").length]).toEqual([1, 0]);
    store.delete("a", id);
    expect(() => store.get("a", id)).toThrow(code("session_not_found"));
  });

  it("forks at any turn, and the two go their own ways", () => {
    const { store } = make();
    const session = store.create("a", { ...NEW, turns: kept("t1", "t2") });
    const fork = store.fork("a", session.id, "t1");
    expect([fork.init.parent, fork.head?.id, session.head?.id]).toEqual([session.id, "t1", "t2"]);
    expect(fork.turns[0]).toBe(session.turns[0]);
    expect(store.fork("a", session.id, undefined).head?.id).toBe("t2");
    expect(store.fork("a", session.id, null).turns).toEqual([]);
    expect(() => store.fork("a", session.id, "t9")).toThrow(code("turn_not_found"));
  });

  it("forgets what nobody used for its time, but not what runs", () => {
    const { store, pass } = make();
    const [first, second] = [store.create("a", NEW), store.create("a", NEW)];
    second.begin(() => undefined, 0);
    pass(1000);
    expect(() => store.get("a", first.id)).toThrow(code("session_not_found"));
    expect(store.get("a", second.id).isRunning).toBe(true);
  });

  it("counts a fork of it and a rollback as its use", () => {
    const { store, pass } = make();
    const base = store.create("a", { ...NEW, turns: kept("t1", "t2") });
    for (let uses = 0; uses < 3; uses += 1) {
      pass(600);
      store.fork("a", base.id, "t1");
      pass(600);
      store.get("a", base.id).rollback("t1", store.nowMs);
    }
    pass(999);
    expect(store.get("a", base.id).id).toBe(base.id);
    pass(1);
    expect(() => store.get("a", base.id)).toThrow(code("session_not_found"));
  });

  it("cancels the running turn of a session that is deleted, and bounds how many there are", () => {
    const { store } = make();
    let cancelled = false;
    const session = store.create("a", NEW);
    session.begin(() => (cancelled = true), 0);
    store.delete("a", session.id);
    expect(cancelled).toBe(true);
    for (let count = 0; count < 1000; count++) store.create("a", NEW);
    expect(() => store.create("a", NEW)).toThrow(code("too_many_sessions"));
    expect(() => store.create("b", NEW)).not.toThrow();
  });
});

/** Each takes 1,000 bytes and the few of its empty beginning. */
function withTurn(store: SessionStore, tenant: string, letter: string) {
  const session = store.create(tenant, { ...NEW, opening: [] });
  session.begin(() => undefined, store.nowMs);
  session.end(large(letter, letter), store.nowMs);
  return session;
}

describe("SessionStore with a limit of bytes", () => {
  it("drops what was used longest ago and is idle, of this tenant alone", () => {
    const { store, pass } = make(3500);
    const other = withTurn(store, "b", "o");
    const [first, running, third] = ["x", "y", "z"].map((letter) => {
      pass(1);
      return withTurn(store, "a", letter);
    });
    running?.begin(() => undefined, 0);
    pass(1);
    const fourth = withTurn(store, "a", "w");
    store.get("a", fourth.id);
    expect(store.list("a").map(({ id }) => id)).toEqual([running?.id, third?.id, fourth.id]);
    expect(() => store.get("a", first?.id ?? "")).toThrow(code("session_not_found"));
    expect(store.get("b", other.id)).toBe(other);
  });

  it("counts once what forks share", () => {
    const { store } = make(3500);
    const session = withTurn(store, "a", "x");
    for (let forks = 0; forks < 20; forks += 1) store.fork("a", session.id, undefined);
    expect(store.list("a")).toHaveLength(21);
    expect(totalBytes(store.list("a").flatMap(({ memory }) => memory))).toBe(1000 + 2 * "[]".length);
  });

  it("grows by what a turn adds, not by the whole conversation", () => {
    const { store } = make();
    const session = store.create("a", NEW);
    for (let turns = 1; turns <= 10; turns += 1) {
      session.begin(() => undefined, 0);
      session.end(makeTurn({ id: `t${turns}`, promptText: "x".repeat(100 * turns), ledger: new Int32Array(turns) }), 0);
    }
    expect(session.turns).toHaveLength(10);
    expect(totalBytes(session.memory)).toBe(4 * 1000 + 4 * 10 + 2 * "[]".length);
  });

  it("runs no more turns of one that is too large alone, until it is rolled back", () => {
    const { store } = make(1500);
    const session = withTurn(store, "a", "x");
    session.begin(() => undefined, 0);
    // It only grew.
    session.end(makeTurn({ id: "t2", promptText: "x".repeat(250), ledger: new Int32Array(250) }), 0);
    expect(store.get("a", session.id)).toBe(session);
    expect(() => session.begin(() => undefined, 0)).toThrow(code("session_too_large"));
    expect(() => store.fork("a", session.id, undefined)).toThrow(code("session_too_large"));
    expect(() => store.create("a", { ...NEW, opening: [{ role: "user", content: "x".repeat(1000) }] })).toThrow(
      code("session_too_large"),
    );
    const fork = store.fork("a", session.id, "x");
    expect(fork.bytes).toBe(1000 + "[]".length * 2);
    session.rollback("x", 0);
    expect(session.bytes).toBe(1000 + 2 * "[]".length);
    expect(() => session.begin(() => undefined, 0)).not.toThrow();
  });

  it("drops one that is too large alone first, and nobody for its sake", () => {
    const { store, pass } = make(1500);
    const other = store.create("a", NEW);
    pass(1);
    const session = withTurn(store, "a", "x");
    session.begin(() => undefined, store.nowMs);
    session.end(large("t2", "y"), store.nowMs);
    store.get("a", session.id);
    expect(store.list("a")).toEqual([other, session]);
    const fork = store.fork("a", session.id, "x");
    expect(store.list("a")).toEqual([other, fork]);
  });
});
