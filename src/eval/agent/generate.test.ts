import { describe, expect, it } from "vitest";
import type { Conversation } from "./conversation.ts";
import { generateConversation } from "./generate.ts";
import { evalItems, heldOutConversations, itemHashes } from "./held-out.ts";
import { HELD_OUT_WORDS } from "./procedural/held-out-words.ts";
import { spacedJson } from "./scenes/speech.ts";

const training = Array.from({ length: 1500 }, (_, index) =>
  generateConversation({ seed: 1, index, split: "training", unseen: false }),
);
const heldOut = heldOutConversations(300);

/** All that was said before a step, with the tools' schemas, where arguments come from. */
function before({ tools, steps }: Conversation, step: number): string {
  const said = steps.slice(0, step).map(({ message }) => message.content);
  return [...said, JSON.stringify(tools)].join("\n");
}

const OPERATORS = new Set(["+", "-", "*", "/"]);

function* literals(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* literals(item);
  else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) yield* literals(item);
  else if (typeof value !== "boolean") yield String(value);
}

const textOf = ({ tools, steps }: Conversation): string =>
  spacedJson({ tools: JSON.stringify(tools), steps: steps.map(({ message }) => JSON.stringify(message)) });

describe("generated conversations", () => {
  it("are the same for the same seed", () => {
    const again = generateConversation({ seed: 1, index: 7, split: "training", unseen: false });
    expect(again).toEqual(training[7]);
  });

  it("call with values that were said, or that the schema lists", () => {
    for (const conversation of [...training, ...heldOut]) {
      for (const [step, { decision }] of conversation.steps.entries()) {
        if (decision?.kind !== "call") continue;
        const known = before(conversation, step);
        for (const text of decision.calls.flatMap(({ args }) => [...literals(args)])) {
          // Of an expression the operands are said, and the operators perhaps in words.
          const parts = known.includes(text) ? [] : text.split(" ").filter((part) => !OPERATORS.has(part));
          for (const part of parts) expect(known).toContain(part);
        }
      }
    }
  });

  it("call tools of the conversation with all that they require", () => {
    for (const { tools, steps } of [...training, ...heldOut]) {
      const byName = new Map(tools.map((tool) => [tool.function.name, tool.function.parameters]));
      expect(byName.size).toBe(tools.length);
      for (const { decision } of steps) {
        for (const { name, args } of decision?.kind === "call" ? decision.calls : []) {
          const { properties, required } = byName.get(name) as { properties: object; required: string[] };
          expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(args)));
          expect(Object.keys(args)).toEqual(expect.arrayContaining(required));
        }
      }
    }
  });

  it("answer with what the tools gave back", () => {
    for (const { steps } of [...training, ...heldOut]) {
      for (const [step, { message, decision }] of steps.entries()) {
        if (decision?.kind !== "answer") continue;
        const results = steps.slice(0, step).filter((other) => other.message.role === "tool");
        const given = results.map((other) => other.message.content).join("\n");
        for (const text of decision.contains) {
          expect(message.content).toContain(text);
          expect(given).toContain(text);
        }
      }
    }
  });

  it("leave no placeholder of a phrase", () => {
    const said = [...training, ...heldOut].flatMap(({ steps }) =>
      steps.flatMap(({ message: { role, content } }) => (role === "user" ? [content] : [])),
    );
    expect(said.filter((text) => /[{}[\]|]|undefined/.test(text))).toEqual([]);
  });
});

describe("the held-out set", () => {
  it("shares no conversation and no tool with training", () => {
    const texts = new Set(training.map(textOf));
    const tools = new Set(training.flatMap((conversation) => conversation.tools.map((tool) => JSON.stringify(tool))));
    for (const conversation of heldOut) {
      expect(texts.has(textOf(conversation))).toBe(false);
      for (const tool of conversation.tools) expect(tools.has(JSON.stringify(tool))).toBe(false);
    }
  });

  it("shares no place where the assistant speaks, by hash", () => {
    const trained = new Set(training.flatMap(itemHashes));
    const held = heldOut.flatMap(itemHashes);
    expect(held).toHaveLength(evalItems(heldOut).length);
    expect(new Set(held).size).toBe(held.length);
    expect(held.filter((hash) => trained.has(hash))).toEqual([]);
    expect(
      training
        .slice(0, 3)
        .flatMap(itemHashes)
        .every((hash) => trained.has(hash)),
    ).toBe(true);
  });

  it("has each fifth conversation with words that training never has", () => {
    expect(heldOut.filter(({ unseen }) => unseen)).toHaveLength(60);
    const said = new Set(
      training.flatMap(
        (conversation) =>
          textOf(conversation)
            .toLowerCase()
            .match(/[a-z]+/g) ?? [],
      ),
    );
    expect([...HELD_OUT_WORDS].filter((word) => said.has(word))).toEqual([]);
  });

  it("judges each place where the assistant speaks", () => {
    const kinds = new Set(evalItems(heldOut).map(({ decision }) => decision.kind));
    expect(kinds).toEqual(new Set(["call", "answer", "no-call"]));
  });
});
