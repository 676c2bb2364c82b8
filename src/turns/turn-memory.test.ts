import { describe, expect, it } from "vitest";
import type { ChatMessage } from "../text/template/types.ts";
import type { Turn } from "./turn.ts";
import { TurnMemory } from "./turn-memory.ts";

const call = (args: string, id?: string): ChatMessage => ({
  role: "assistant",
  content: null,
  tool_calls: [{ type: "function", ...(id === undefined ? {} : { id }), function: { name: "f", arguments: args } }],
});

function turn(messages: readonly ChatMessage[], frame: Turn["frame"] = {}, tokens = 4): Turn {
  const usage = { promptTokens: 1, outputTokens: 1, cachedTokens: 0 };
  return {
    id: `t${messages.length}`,
    frame,
    messages,
    promptText: "",
    ledger: new Int32Array(tokens),
    pendingText: "",
    usage,
  };
}

const hello: ChatMessage = { role: "user", content: "Hello" };
const hi: ChatMessage = { role: "assistant", content: "Hi" };
const next: ChatMessage = { role: "user", content: "Next" };

describe("TurnMemory", () => {
  it("finds the longest turn that a conversation begins with, of its tenant and frame alone", () => {
    const memory = new TurnMemory();
    memory.add("a", turn([hello, hi]));
    memory.add("a", turn([hello, hi, next, hi]));
    expect(memory.find("a", {}, [hello, hi, next])).toMatchObject({ turn: { id: "t2" }, added: [next] });
    expect(memory.find("a", {}, [hello, hi, next, hi, next])).toMatchObject({ turn: { id: "t4" }, added: [next] });
    expect(memory.find("b", {}, [hello, hi, next])).toBeNull();
    expect(memory.find("a", { variables: { x: 1 } }, [hello, hi, next])).toBeNull();
    expect(memory.find("a", {}, [hello, { role: "assistant", content: "Ho" }, next])).toBeNull();
  });

  it("knows a reply however the client writes it", () => {
    const memory = new TurnMemory();
    memory.add("a", turn([hello, call('{"x":1,"y":[2]}')]));
    const result: ChatMessage = { role: "tool", content: "3", tool_call_id: "c1" };
    for (const args of ['{"x":1,"y":[2]}', '{ "y": [2], "x": 1 }']) {
      expect(memory.find("a", {}, [hello, call(args, "c1"), result])).not.toBeNull();
    }
    expect(memory.find("a", {}, [hello, call('{"x":2,"y":[2]}'), result])).toBeNull();
    expect(
      memory.find("a", {}, [
        { role: "user", content: [{ type: "text", text: "Hello" }] },
        call('{"x":1,"y":[2]}'),
        next,
      ]),
    ).not.toBeNull();
  });

  it("forgets the least recently used when a tenant's are too large", () => {
    const memory = new TurnMemory();
    const large = 6 * 1024 * 1024;
    const texts = ["one", "two", "three"].map((content): ChatMessage => ({ role: "user", content }));
    const knows = (): boolean[] => texts.map((text) => memory.find("a", {}, [text, hi, next]) !== null);
    for (const text of texts.slice(0, 2)) memory.add("a", turn([text, hi], {}, large));
    expect(memory.find("a", {}, [{ role: "user", content: "one" }, hi, next])).not.toBeNull();
    const [, , third] = texts;
    if (third !== undefined) memory.add("a", turn([third, hi], {}, large));
    expect(knows()).toEqual([true, false, true]);
  });
});
