import { describe, expect, it } from "vitest";
import { SessionStore } from "./session-store.ts";
import { makeTurn } from "../../test/support/make-turn.ts";
import type { Turn } from "./turn.ts";

const turn = (id: string): Turn => makeTurn({ id });

const NEW = { frame: {}, opening: [], turns: [], parent: null, metadata: {}, ttlMs: 1000 };
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

function make() {
  let nowMs = 0;
  const store = new SessionStore(() => nowMs);
  return { store, pass: (ms: number) => (nowMs += ms) };
}

describe("Session", () => {
  it("moves its head only when a turn has finished, one at a time", () => {
    const { store } = make();
    const session = store.create("a", NEW);
    session.begin(() => undefined, 0);
    expect(() => session.begin(() => undefined, 0)).toThrow(code("session_busy"));
    expect(() => session.rollback(null)).toThrow(code("session_busy"));
    session.end(null, 0);
    expect(session.head).toBeNull();
    session.begin(() => undefined, 0);
    session.end(turn("t1"), 0);
    expect([session.head?.id, session.isRunning]).toEqual(["t1", false]);
  });

  it("refuses a turn that expects another head", () => {
    const { store } = make();
    const session = store.create("a", { ...NEW, turns: [turn("t1"), turn("t2")] });
    expect(() => session.require("t1")).toThrow(code("session_conflict"));
    expect(() => session.require(null)).toThrow(code("session_conflict"));
    expect(() => session.require("t2")).not.toThrow();
    expect(() => session.require(undefined)).not.toThrow();
  });

  it("rolls back to any of its turns, and to the beginning", () => {
    const { store } = make();
    const session = store.create("a", { ...NEW, turns: [turn("t1"), turn("t2"), turn("t3")] });
    session.rollback("t2");
    expect(session.turns.map(({ id }) => id)).toEqual(["t1", "t2"]);
    expect(() => session.rollback("t3")).toThrow(code("turn_not_found"));
    session.rollback(null);
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
    const session = store.create("a", { ...NEW, turns: [turn("t1"), turn("t2")] });
    const fork = store.fork("a", session.id, "t1");
    expect([fork.init.parent, fork.head?.id, session.head?.id]).toEqual([session.id, "t1", "t2"]);
    expect(fork.turns[0]).toBe(session.turns[0]);
    expect(store.fork("a", session.id, undefined).head?.id).toBe("t2");
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
