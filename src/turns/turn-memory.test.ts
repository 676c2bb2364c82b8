import { describe, expect, it } from "vitest";
import type { ChatMessage } from "../text/template/types.ts";
import { makeTurn } from "../../test/support/make-turn.ts";
import type { Turn } from "./turn.ts";
import { TurnMemory } from "./turn-memory.ts";

const call = (args: string, id?: string): ChatMessage => ({
  role: "assistant",
  content: null,
  tool_calls: [{ type: "function", ...(id === undefined ? {} : { id }), function: { name: "f", arguments: args } }],
});

const turn = (messages: readonly ChatMessage[], fields: Partial<Turn> = {}): Turn =>
  makeTurn({ id: `t${messages.length}`, messages, ...fields });

const find = (
  memory: TurnMemory,
  messages: readonly ChatMessage[],
  { tenant = "a", cacheKey = "", frame = {} }: { tenant?: string; cacheKey?: string; frame?: Turn["frame"] } = {},
): ReturnType<TurnMemory["find"]> => memory.find(tenant, cacheKey, { frame, messages });

const hello: ChatMessage = { role: "user", content: "Hello" };
const hi: ChatMessage = { role: "assistant", content: "Hi" };
const next: ChatMessage = { role: "user", content: "Next" };

describe("TurnMemory", () => {
  it("finds the longest turn that a conversation begins with, of its tenant and frame alone", () => {
    const memory = new TurnMemory();
    memory.add("a", turn([hello, hi]));
    memory.add("a", turn([hello, hi, next, hi]));
    expect(find(memory, [hello, hi, next])).toMatchObject({ turn: { id: "t2" }, added: [next] });
    expect(find(memory, [hello, hi, next, hi, next])).toMatchObject({ turn: { id: "t4" }, added: [next] });
    expect(find(memory, [hello, hi, next], { tenant: "b" })).toBeNull();
    expect(find(memory, [hello, hi, next], { frame: { variables: { x: 1 } } })).toBeNull();
    expect(find(memory, [hello, { role: "assistant", content: "Ho" }, next])).toBeNull();
  });

  it("knows a reply however the client writes it", () => {
    const memory = new TurnMemory();
    memory.add("a", turn([hello, call('{"x":1,"y":[2]}')]));
    const result: ChatMessage = { role: "tool", content: "3", tool_call_id: "c1" };
    for (const args of ['{"x":1,"y":[2]}', '{ "y": [2], "x": 1 }']) {
      expect(find(memory, [hello, call(args, "c1"), result])).not.toBeNull();
    }
    expect(find(memory, [hello, call('{"x":2,"y":[2]}'), result])).toBeNull();
    expect(
      find(memory, [{ role: "user", content: [{ type: "text", text: "Hello" }] }, call('{"x":1,"y":[2]}'), next]),
    ).not.toBeNull();
  });

  it("keeps parts of a tenant's cache apart", () => {
    const memory = new TurnMemory();
    memory.add("a", turn([hello, hi], { cacheKey: "x" }));
    expect(find(memory, [hello, hi, next])).toBeNull();
    expect(find(memory, [hello, hi, next], { cacheKey: "x" })).not.toBeNull();
    expect([memory.recent("a", ""), memory.recent("a", "x")]).toMatchObject([[], [{ id: "t2" }]]);
  });

  it("knows a conversation again in another part of the cache, the one that came last", () => {
    const memory = new TurnMemory();
    const now = { frame: {}, messages: [hello, hi, next] };
    expect(memory.findAnywhere("a", now)).toBeNull();
    memory.add("a", turn([hello, hi], { id: "first", cacheKey: "x" }));
    memory.add("a", turn([hello, hi], { id: "second", cacheKey: "y" }));
    expect(memory.findAnywhere("a", now)).toMatchObject({ turn: { id: "second" }, added: [next] });
    expect(memory.findAnywhere("b", now)).toBeNull();
  });

  it("forgets what nobody came back with for an hour, of tenants that never come again too", () => {
    let nowMs = 0;
    const memory = new TurnMemory(() => nowMs);
    for (const tenant of ["a", "gone"]) memory.add(tenant, turn([hello, hi]));
    memory.add("a", turn([next, hi]));
    nowMs += 3_599_999;
    expect(find(memory, [hello, hi, next])).not.toBeNull();
    nowMs += 1;
    memory.dropExpired();
    expect(find(memory, [hello, hi, next])).not.toBeNull();
    expect(find(memory, [next, hi, next])).toBeNull();
    expect(find(memory, [hello, hi, next], { tenant: "gone" })).toBeNull();
    expect(memory.findAnywhere("a", { frame: {}, messages: [next, hi, next] })).toBeNull();
  });

  it("forgets the least recently used when a tenant's are too large", () => {
    const memory = new TurnMemory();
    const large = 6 * 1024 * 1024;
    const texts = ["one", "two", "three"].map((content): ChatMessage => ({ role: "user", content }));
    const knows = (): boolean[] => texts.map((text) => find(memory, [text, hi, next]) !== null);
    for (const text of texts.slice(0, 2)) memory.add("a", turn([text, hi], { ledger: new Int32Array(large) }));
    expect(find(memory, [{ role: "user", content: "one" }, hi, next])).not.toBeNull();
    const [, , third] = texts;
    if (third !== undefined) memory.add("a", turn([third, hi], { ledger: new Int32Array(large) }));
    expect(knows()).toEqual([true, false, true]);
  });
});
