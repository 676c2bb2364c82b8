import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResponseObject } from "./response-items.ts";
import { ResponseStore } from "./response-store.ts";
import type { StoredResponse } from "./response-store.ts";

const response = (id: string): ResponseObject => ({ id, object: "response", status: "completed", output: [] });

function stored(id: string, previous: StoredResponse | null = null, characters = 0): StoredResponse {
  const input = [{ id: `item-${id}`, role: "user" as const, content: "x".repeat(characters) }];
  return { response: response(id), input, output: [], previous };
}

const sizeOf = (one: StoredResponse): number => JSON.stringify([one.response, one.input, one.output]).length;

describe("ResponseStore", () => {
  it("gives back what was added, to its owner alone", () => {
    const store = new ResponseStore({ ttlMs: 1000, bytesPerOwner: 10_000 });
    const one = stored("a");
    store.add("owner", one);
    expect(store.get("owner", "a")).toBe(one);
    expect(store.get("other", "a")).toBeNull();
    expect(store.delete("other", "a")).toBe(false);
    expect(store.delete("owner", "a")).toBe(true);
    expect(store.delete("owner", "a")).toBe(false);
    expect(store.bytesOf("owner")).toBe(0);
  });

  it("forgets after the time to live", () => {
    let nowMs = 0;
    const store = new ResponseStore({ ttlMs: 1000, bytesPerOwner: 10_000 }, () => nowMs);
    store.add("owner", stored("a"));
    nowMs = 999;
    expect(store.get("owner", "a")).not.toBeNull();
    nowMs = 1000;
    expect(store.get("owner", "a")).toBeNull();
    expect(store.size).toBe(0);
  });

  it("keeps a conversation whole whose beginning was deleted, and counts it until its end goes too", () => {
    const store = new ResponseStore({ ttlMs: 1000, bytesPerOwner: 10_000 });
    const first = stored("a");
    const second = stored("b", first);
    store.add("owner", first);
    store.add("owner", second);
    store.delete("owner", "a");
    expect(store.get("owner", "b")?.previous).toBe(first);
    expect(store.bytesOf("owner")).toBe(sizeOf(first) + sizeOf(second));
    store.delete("owner", "b");
    expect(store.bytesOf("owner")).toBe(0);
  });

  it("drops the least recently used of the owner that is over its limit", () => {
    const size = sizeOf(stored("a", null, 100));
    const store = new ResponseStore({ ttlMs: 1000, bytesPerOwner: 2 * size });
    for (const id of ["a", "b"]) store.add("owner", stored(id, null, 100));
    store.add("other", stored("z", null, 100));
    store.get("owner", "a");
    store.add("owner", stored("c", null, 100));
    expect(["a", "b", "c"].map((id) => store.get("owner", id) !== null)).toEqual([true, false, true]);
    expect(store.get("other", "z")).not.toBeNull();
  });

  it("does not keep what alone is over the limit, a conversation's length counted", () => {
    const first = stored("a", null, 100);
    const store = new ResponseStore({ ttlMs: 1000, bytesPerOwner: 2 * sizeOf(first) - 1 });
    store.add("owner", stored("huge", null, 1000));
    expect(store.size).toBe(0);
    store.add("owner", first);
    store.add("owner", stored("b", first, 100));
    expect(store.get("owner", "b")).toBeNull();
    expect(store.bytesOf("owner")).toBe(0);
  });

  it("counts exactly what can be reached, whatever happens", () => {
    const action = fc.record({
      kind: fc.constantFrom("add", "continue", "get", "delete", "wait"),
      owner: fc.constantFrom("p", "q"),
      pick: fc.nat(20),
      size: fc.nat(200),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        let nowMs = 0;
        const limit = 1500;
        const store = new ResponseStore({ ttlMs: 100, bytesPerOwner: limit }, () => nowMs);
        const ids: string[] = [];
        for (const { kind, owner, pick, size } of actions) {
          const picked = ids[pick % Math.max(1, ids.length)] ?? "none";
          if (kind === "wait") nowMs += pick;
          else if (kind === "get") store.get(owner, picked);
          else if (kind === "delete") store.delete(owner, picked);
          else {
            const id = `r${ids.length}`;
            ids.push(id);
            store.add(owner, stored(id, kind === "continue" ? store.get(owner, picked) : null, size));
          }
          for (const each of ["p", "q"]) {
            const reached = new Set<StoredResponse>();
            for (const id of ids) {
              for (let at = store.get(each, id); at !== null; at = at.previous) reached.add(at);
            }
            const bytes = [...reached].reduce((sum, one) => sum + sizeOf(one), 0);
            expect(store.bytesOf(each)).toBe(bytes);
            expect(bytes).toBeLessThanOrEqual(limit);
          }
        }
      }),
    );
  });
});
