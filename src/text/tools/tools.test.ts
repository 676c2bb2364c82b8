import { describe, expect, it } from "vitest";
import { jsonVocabulary } from "../../../test/support/random-generation.ts";
import { uniforms } from "../../../test/support/random-values.ts";
import { LexerMasks } from "../grammar/masks/lexer-masks.ts";
import { Matcher } from "../grammar/matcher.ts";
import { Pushdown } from "../grammar/pushdown.ts";
import { buildVocabularyBytes } from "../tokenizer/vocabulary-bytes.ts";
import type { TurnPart } from "./tool-call-parser.ts";
import { TOOL_FORMAT_NAMES, type ToolFormatName } from "./tool-format.ts";
import { detectToolFormat, TOOL_FORMATS } from "./tool-formats.ts";
import { compileToolGrammar } from "./tool-grammar.ts";
import { TurnReader } from "./turn-reader.ts";

const TOOLS = [
  { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
  { name: "time.now", parameters: undefined },
];
const NAMES = new Set(TOOLS.map(({ name }) => name));

/** As each family's own documentation writes them. */
const EXAMPLES: Readonly<Record<ToolFormatName, string>> = {
  llama3: '{"name": "weather", "parameters": {"city": "a}\\"{b"}}',
  hermes:
    '<tool_call>\n{"name": "weather", "arguments": {"city": "a}\\"{b"}}\n</tool_call>\n<tool_call>\n{"name": "time.now", "arguments": {}}\n</tool_call>',
  mistral: '[TOOL_CALLS][{"name": "weather", "arguments": {"city": "a}\\"{b"}}, {"name": "time.now", "arguments": {}}]',
  json: '{"name": "weather", "arguments": {"city": "a}\\"{b"}}',
};

interface Read {
  text: string;
  reasoning: string;
  calls: { name: string; arguments: string }[];
}

function read(format: ToolFormatName, pieces: readonly string[], reasoning: "none" | "maybe" | "open" = "none"): Read {
  const reader = new TurnReader({ tools: { format: TOOL_FORMATS[format], names: NAMES }, reasoning });
  const found: Read = { text: "", reasoning: "", calls: [] };
  const take = (parts: readonly TurnPart[]): void => {
    for (const part of parts) {
      if (part.kind === "text") found.text += part.text;
      else if (part.kind === "reasoning") found.reasoning += part.text;
      else if (part.kind === "call") found.calls.push({ name: part.name, arguments: "" });
      else {
        const call = found.calls[part.index];
        if (call !== undefined) call.arguments += part.text;
      }
    }
  };
  for (const piece of pieces) take(reader.push(piece));
  take(reader.finish());
  return found;
}

describe("detectToolFormat", () => {
  it("goes by the marks of the families", () => {
    expect(detectToolFormat("{{ tools }} <tool_call>")).toBe("hermes");
    expect(detectToolFormat("{% if tools %}<|python_tag|>")).toBe("llama3");
    expect(detectToolFormat("{% if tools %}[TOOL_CALLS]")).toBe("mistral");
    expect(detectToolFormat("{% for message in messages %}")).toBe("json");
    expect(detectToolFormat(null)).toBe("json");
  });
});

describe.each(TOOL_FORMAT_NAMES)("%s", (name) => {
  const example = EXAMPLES[name];
  const expected = [
    { name: "weather", arguments: '{"city": "a}\\"{b"}' },
    ...(example.includes("time.now") ? [{ name: "time.now", arguments: "{}" }] : []),
  ];

  it("is read the same in any pieces", () => {
    const uniform = uniforms(7);
    for (let round = 0; round < 50; round += 1) {
      const pieces: string[] = [];
      for (let at = 0; at < example.length;) {
        const length = 1 + Math.floor(uniform() * 9);
        pieces.push(example.slice(at, at + length));
        at += length;
      }
      expect(read(name, pieces)).toEqual({ text: "", reasoning: "", calls: expected });
    }
  });

  it("has a grammar of what is read", () => {
    const vocabulary = buildVocabularyBytes(jsonVocabulary());
    const source = { kind: "tool_calls", format: name, tools: TOOLS, choice: "required", parallel: true } as const;
    const { grammar, wake } = compileToolGrammar(source, () => null);
    const matcher = new Matcher(new Pushdown(grammar, new LexerMasks(vocabulary)));
    expect(wake).toBe(null);
    expect(matcher.acceptBytes(Buffer.from(example))).toBe(true);
    expect(matcher.isComplete).toBe(true);
  });

  it("has a grammar of calls or an answer that satisfies a format, and nothing else", () => {
    const answer = {
      kind: "json_schema",
      schema: { type: "object", properties: { ok: { type: "boolean" } } },
    } as const;
    const source = { kind: "tool_calls", format: name, tools: TOOLS, choice: "auto", parallel: true, answer } as const;
    const { grammar, wake } = compileToolGrammar(source, () => null);
    expect(wake).toBe(null);
    const vocabulary = buildVocabularyBytes(jsonVocabulary());
    const accepts = (text: string): boolean => {
      const matcher = new Matcher(new Pushdown(grammar, new LexerMasks(vocabulary)));
      return matcher.acceptBytes(Buffer.from(text)) && matcher.isComplete;
    };
    const texts = [example, '{"ok":true}', '{"ok":1}', "free text", `${example}{"ok":true}`];
    expect(texts.map(accepts)).toEqual([true, true, false, false, false]);
  });

  it("keeps an unknown tool, a cut head and plain text as text", () => {
    for (const text of [
      "Hello, {world} <tool",
      example.replace("weather", "nothing").slice(0, 60),
      example.slice(0, 12),
    ]) {
      const { calls, text: seen } = read(name, [text]);
      expect(calls).toEqual([]);
      expect(seen).toBe(text);
    }
  });
});

describe("TurnReader", () => {
  it("splits thoughts from the answer", () => {
    const whole = "<think>\nwhy {\n</think>\n\nBecause.";
    for (const pieces of [[whole], Array.from(whole)]) {
      expect(read("hermes", pieces, "maybe")).toEqual({ text: "Because.", reasoning: "why {\n", calls: [] });
    }
    expect(read("hermes", ["so</th", "ink>x"], "open")).toEqual({ text: "x", reasoning: "so", calls: [] });
    expect(read("hermes", ["never closed"], "open").reasoning).toBe("never closed");
    expect(read("hermes", ["no thought"], "maybe").text).toBe("no thought");
  });

  it("finds a call after text, and says when one is cut", () => {
    const reader = new TurnReader({ tools: { format: TOOL_FORMATS.hermes, names: NAMES }, reasoning: "none" });
    const parts = reader.push('Let me see.\n<tool_call>\n{"name": "weather", "arguments": {"city": "Par');
    expect(parts[0]).toEqual({ kind: "text", text: "Let me see.\n" });
    expect(reader.isCallOpen).toBe(true);
    reader.finish();
    expect(reader.calls).toBe(1);
  });
});
