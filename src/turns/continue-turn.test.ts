import { describe, expect, it } from "vitest";
import type { StreamPart, TokenCut } from "../engine/types.ts";
import type { ChatMessage } from "../text/template/types.ts";
import { firstPrompt, nextPrompt, type TextEngine } from "./continue-turn.ts";
import { ReplyRecorder } from "./finish-turn.ts";
import { missOf } from "./miss.ts";
import type { Turn, TurnPrompt } from "./turn.ts";

const START = 1000;
const END = 1001;
/** A token that encoding never gives: "ab" is encoded letter by letter. */
const AB = 500;

/** ChatML over a vocabulary of characters. `rewrite` changes how replies are rendered once they are past. */
function chatEngine(rewrite: (text: string) => string = (text) => text): TextEngine {
  return {
    model: { endTokens: [END] },
    renderChat({ messages, addGenerationPrompt }) {
      const turns = messages.map(({ role, content }) => {
        const text = typeof content === "string" ? content : "";
        return `<s>${role}\n${role === "assistant" ? rewrite(text) : text}<e>\n`;
      });
      return Promise.resolve(turns.join("") + (addGenerationPrompt ? "<s>assistant\n" : ""));
    },
    tokenize(text) {
      const parts = text.split(/(<s>|<e>)/).flatMap((part) => {
        if (part === "<s>") return [START];
        return part === "<e>" ? [END] : Array.from(part, (letter) => letter.charCodeAt(0));
      });
      return Promise.resolve(Int32Array.from(parts));
    },
    pieces: (tokens) => Promise.resolve(Array.from(tokens, (token) => (token === END ? "<e>" : "?"))),
  };
}

const user = (content: string): ChatMessage => ({ role: "user", content });

/** A turn whose reply was made of these tokens. */
async function turnOf(
  engine: TextEngine,
  reply: { tokens: readonly [id: number, text: string][]; text: string; cut?: TokenCut },
): Promise<Turn> {
  const prompt = await firstPrompt(engine, { frame: {}, messages: [user("Hi")] });
  const recorder = new ReplyRecorder();
  const tokens = reply.tokens.map(([token, text]) => ({ token, bytes: new TextEncoder().encode(text) }));
  const parts: StreamPart[] = [
    { kind: "delta", choice: 0, text: reply.text, tokens },
    { kind: "finish", choice: 0, reason: "stop", stopString: reply.cut ? "STOP" : null, cut: reply.cut ?? null },
  ];
  for (const part of parts) recorder.see(part);
  const usage = { promptTokens: 0, outputTokens: tokens.length, cachedTokens: 0, preemptions: 0 };
  const ids = await engine.tokenize(prompt.text, {});
  const message: ChatMessage = { role: "assistant", content: recorder.text };
  const timings = { queueMs: 0, prefillMs: 0, decodeMs: 0 };
  const turn = recorder.finish({ id: "turn_1", prompt, tokens: ids, reply: message, cacheKey: "", usage, timings });
  if (turn === null) throw new TypeError("the turn has finished");
  return turn;
}

const tokensOf = ({ prompt }: TurnPrompt): readonly number[] => (typeof prompt === "string" ? [] : [...prompt]);

describe("nextPrompt", () => {
  it("keeps the tokens that were generated, and adds only what follows the reply's end", async () => {
    const engine = chatEngine();
    const turn = await turnOf(engine, {
      tokens: [
        [AB, "ab"],
        [END, "<e>"],
      ],
      text: "ab",
    });
    const prompt = await nextPrompt(engine, turn, [user("More")]);
    const tail = await engine.tokenize("\n<s>user\nMore<e>\n<s>assistant\n", {});
    expect(tokensOf(prompt)).toEqual([...turn.ledger, ...tail]);
    expect(tokensOf(prompt)).toContain(AB);
    expect(prompt.basis).toEqual({ turn, departure: null });
  });

  it("closes a reply that was cut with the template's own end", async () => {
    const engine = chatEngine();
    const turn = await turnOf(engine, {
      tokens: [
        [AB, "ab"],
        [99, "c"],
      ],
      text: "abc",
    });
    const tail = await engine.tokenize("<e>\n<s>user\nMore<e>\n<s>assistant\n", {});
    expect(tokensOf(await nextPrompt(engine, turn, [user("More")]))).toEqual([...turn.ledger, ...tail]);
  });

  it("ends the ledger before a stop string, within a token too", async () => {
    const engine = chatEngine();
    const turn = await turnOf(engine, {
      tokens: [
        [AB, "ab"],
        [600, "cST"],
        [601, "OP"],
      ],
      text: "abc",
      cut: { tokens: 2, characters: 1 },
    });
    expect([...turn.ledger].slice(-1)).toEqual([AB]);
    const tail = await engine.tokenize("c<e>\n<s>user\nMore<e>\n<s>assistant\n", {});
    expect(tokensOf(await nextPrompt(engine, turn, [user("More")]))).toEqual([...turn.ledger, ...tail]);
  });

  it("renders anew where the template rewrites an earlier message, and says where", async () => {
    let past = false;
    const engine = chatEngine((text) => (past ? text.toUpperCase() : text));
    const turn = await turnOf(engine, {
      tokens: [
        [97, "a"],
        [END, "<e>"],
      ],
      text: "a",
    });
    const second: Turn = { ...turn, promptText: `${turn.promptText}a<e>\n<s>user\nQ<e>\n<s>assistant\n` };
    past = true;
    const prompt = await nextPrompt(engine, second, [user("More")]);
    expect(prompt.basis?.departure).toMatchObject({
      cause: "template_rewrote_history",
      had: expect.stringContaining("assistant\na<e>"),
      has: expect.stringContaining("assistant\nA<e>"),
    });
    expect(prompt.prompt).toBe(prompt.text);
    const index = (await engine.tokenize(turn.promptText, {})).length;
    const tokens = await engine.tokenize(prompt.text, {});
    expect(prompt.basis && missOf(prompt.basis, tokens, index, "")).toEqual({
      index,
      cause: "template_rewrote_history",
    });
  });
});
