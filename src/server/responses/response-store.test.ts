import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeTurn } from "../../../test/support/make-turn.ts";
import type { ResponseObject } from "../answers/response-answers.ts";
import { ResponseStore } from "./response-store.ts";
import type { NamedResponse, StoredResponse } from "./response-store.ts";

/** What the store reads of one. */
const response = (id: string) =>
  ({ id, object: "response", status: "completed", output: [] }) as Partial<ResponseObject> as ResponseObject;

function named(id: string, previous: StoredResponse | null = null, characters = 0): NamedResponse {
  const input = [{ id: `item-${id}`, role: "user" as const, content: "x".repeat(characters) }];
  const turn = makeTurn({ promptText: "p".repeat(characters), ledger: new Int32Array(characters) });
  return { stored: { response: response(id), input, output: [], previous }, turn };
}

const itemBytes = (one: StoredResponse): number => JSON.stringify([one.response, one.input, one.output]).length;
/** Two bytes a character of the prompt, four a token; one of each for a character here. */
const turnBytes = ({ turn }: NamedResponse): number => 6 * turn.ledger.length;
const sizeOf = (one: NamedResponse): number => itemBytes(one.stored) + turnBytes(one);

describe("ResponseStore", () => {
  it("gives back what was added, to its owner alone", () => {
    const store = new ResponseStore({ ttlMs: 1000, bytesPerOwner: 10_000 });
    const one = named("a");
    store.add("owner", one);
    expect(store.get("owner", "a")).toMatchObject(one);
    expect(store.get("other", "a")).toBeNull();
    expect(store.delete("other", "a")).toBe(false);
    expect(store.delete("owner", "a")).toBe(true);
    expect(store.delete("owner", "a")).toBe(false);
    expect(store.bytesOf("owner")).toBe(0);
  });

  it("forgets after the time to live", () => {
    let nowMs = 0;
    const store = new ResponseStore({ ttlMs: 1000, bytesPerOwner: 10_000 }, () => nowMs);
    store.add("owner", named("a"));
    nowMs = 999;
    expect(store.get("owner", "a")).not.toBeNull();
    nowMs = 1000;
    expect(store.get("owner", "a")).toBeNull();
    expect(store.size).toBe(0);
  });

  it("keeps a conversation whole whose beginning was deleted, and counts it until its end goes too", () => {
    const store = new ResponseStore({ ttlMs: 1000, bytesPerOwner: 10_000 });
    const first = named("a", null, 10);
    const second = named("b", first.stored, 20);
    store.add("owner", first);
    store.add("owner", second);
    expect(store.bytesOf("owner")).toBe(sizeOf(first) + sizeOf(second));
    store.delete("owner", "a");
    expect(store.get("owner", "b")?.stored.previous).toBe(first.stored);
    // Nobody can name the first one's position any more.
    expect(store.bytesOf("owner")).toBe(itemBytes(first.stored) + sizeOf(second));
    store.delete("owner", "b");
    expect(store.bytesOf("owner")).toBe(0);
  });

  it("counts bytes, not characters", () => {
    const store = new ResponseStore({ ttlMs: 1000, bytesPerOwner: 10_000 });
    const { stored, turn } = named("a");
    store.add("owner", { stored: { ...stored, input: [{ id: "i", role: "user", content: "é€😀" }] }, turn });
    const plain = itemBytes({ ...stored, input: [{ id: "i", role: "user", content: "" }] });
    expect(store.bytesOf("owner")).toBe(plain + 2 + 3 + 4);
  });

  it("drops the least recently used of the owner that is over its limit", () => {
    const size = sizeOf(named("a", null, 100));
    const store = new ResponseStore({ ttlMs: 1000, bytesPerOwner: 2 * size });
    for (const id of ["a", "b"]) store.add("owner", named(id, null, 100));
    store.add("other", named("z", null, 100));
    store.get("owner", "a");
    store.add("owner", named("c", null, 100));
    expect(["a", "b", "c"].map((id) => store.get("owner", id) !== null)).toEqual([true, false, true]);
    expect(store.get("other", "z")).not.toBeNull();
  });

  it("does not keep what alone is over the limit, a conversation's length counted", () => {
    const first = named("a", null, 100);
    const limit = itemBytes(first.stored) + sizeOf(first) - 1;
    const store = new ResponseStore({ ttlMs: 1000, bytesPerOwner: limit });
    store.add("owner", named("huge", null, 1000));
    expect(store.size).toBe(0);
    store.add("owner", first);
    store.add("owner", named("b", first.stored, 100));
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
            store.add(owner, named(id, kind === "continue" ? (store.get(owner, picked)?.stored ?? null) : null, size));
          }
          for (const each of ["p", "q"]) {
            const kept = ids.flatMap((id) => store.get(each, id) ?? []);
            const reached = new Set<StoredResponse>();
            for (const { stored } of kept) {
              for (let at: StoredResponse | null = stored; at !== null; at = at.previous) reached.add(at);
            }
            const items = [...reached].reduce((sum, one) => sum + itemBytes(one), 0);
            const bytes = kept.reduce((sum, one) => sum + turnBytes(one), items);
            expect(store.bytesOf(each)).toBe(bytes);
            expect(bytes).toBeLessThanOrEqual(limit);
          }
        }
      }),
    );
  });
});
