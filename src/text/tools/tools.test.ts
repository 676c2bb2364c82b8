import { describe, expect, it } from "vitest";
import { jsonVocabulary } from "../../../test/support/random-generation.ts";
import { uniforms } from "../../../test/support/random-values.ts";
import { parseChatTemplate } from "../template/chat-template.ts";
import type { ChatMessage } from "../template/types.ts";
import { LexerMasks } from "../grammar/masks/lexer-masks.ts";
import { Matcher } from "../grammar/matcher.ts";
import { Pushdown } from "../grammar/pushdown.ts";
import { buildVocabularyBytes } from "../tokenizer/vocabulary-bytes.ts";
import type { TurnPart } from "./tool-call-parser.ts";
import { describeTools } from "./json-format.ts";
import { builtInsAmong, TOOL_FORMAT_NAMES, type ToolFormatName } from "./tool-format.ts";
import { detectToolFormat, TOOL_FORMATS } from "./tool-formats.ts";
import { compileToolGrammar } from "./tool-grammar.ts";
import type { ThoughtStart } from "./thoughts.ts";
import { TurnReader } from "./turn-reader.ts";

const TOOLS = [
  { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
  { name: "time.now", parameters: undefined },
];
const masks = new LexerMasks(buildVocabularyBytes(jsonVocabulary()));
const NAMES = new Set(TOOLS.map(({ name }) => name));

/** As each family's own documentation writes them. */
const EXAMPLES: Readonly<Record<ToolFormatName, string>> = {
  llama3: '{"name": "weather", "parameters": {"city": "a}\\"{b"}}',
  "llama3-builtin": '<|python_tag|>{"name": "weather", "parameters": {"city": "a}\\"{b"}}',
  hermes:
    '<tool_call>\n{"name": "weather", "arguments": {"city": "a}\\"{b"}}\n</tool_call>\n<tool_call>\n{"name": "time.now", "arguments": {}}\n</tool_call>',
  mistral: '[TOOL_CALLS][{"name": "weather", "arguments": {"city": "a}\\"{b"}}, {"name": "time.now", "arguments": {}}]',
  "mistral-args": '[TOOL_CALLS]weather[ARGS]{"city": "a}\\"{b"}[TOOL_CALLS]time.now[ARGS]{}',
  json: '{"name": "weather", "arguments": {"city": "a}\\"{b"}}',
};

interface Read {
  text: string;
  reasoning: string;
  calls: { name: string; arguments: string }[];
}

function randomPieces(text: string, uniform: () => number): readonly string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    const length = 1 + Math.floor(uniform() * 9);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

/** Of a tool with one parameter, a text. */
function parameter(name: string): object {
  return { type: "object", properties: { [name]: { type: "string" } } };
}

function read(
  format: ToolFormatName,
  pieces: readonly string[],
  thoughts: ThoughtStart = "none",
  names: ReadonlySet<string> = NAMES,
): Read {
  const reader = new TurnReader({ tools: { format: TOOL_FORMATS[format], names }, thoughts });
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
  take(reader.finish(false));
  return found;
}

describe("detectToolFormat", () => {
  it("goes by the marks of the families", () => {
    expect(detectToolFormat("{{ tools }} <tool_call>")).toBe("hermes");
    expect(detectToolFormat("{% if tools %}<|python_tag|>")).toBe("llama3");
    expect(detectToolFormat("{% if tools %}[TOOL_CALLS]")).toBe("mistral");
    expect(detectToolFormat("{% if tools %}[TOOL_CALLS]{{ name }}[ARGS]")).toBe("mistral-args");
    expect(detectToolFormat("{% if tools and builtin_tools %}<|python_tag|>")).toBe("llama3-builtin");
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
      expect(read(name, randomPieces(example, uniform))).toEqual({ text: "", reasoning: "", calls: expected });
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

  it("has a grammar of text in which no call is read", () => {
    const source = { kind: "tool_calls", format: name, tools: [], choice: "none", parallel: false } as const;
    const { grammar, wake } = compileToolGrammar(source, () => null);
    expect(wake).toBe(null);
    const pushdown = new Pushdown(grammar, masks);
    const accepts = (text: string): boolean => {
      const matcher = new Matcher(pushdown);
      return matcher.acceptBytes(Buffer.from(text)) && matcher.isComplete;
    };
    const free = ["", "It is 4 < 5, {so} [there].", 'An object: {"name": 1}'];
    expect(free.map(accepts)).toEqual([true, true, true]);
    expect([example, ` \n${example}`].map(accepts)).toEqual([false, false]);
  });

  it("has one call only where several are not asked for", () => {
    const source = { kind: "tool_calls", format: name, tools: TOOLS, choice: "required", parallel: false } as const;
    const pushdown = new Pushdown(compileToolGrammar(source, () => null).grammar, masks);
    const accepts = (text: string): boolean => new Matcher(pushdown).acceptBytes(Buffer.from(text));
    const second = example.indexOf("time.now");
    expect(accepts(second < 0 ? example : example.slice(0, second))).toBe(second < 0);
    expect(accepts(example.slice(0, example.indexOf('"}') + 2))).toBe(true);
  });

  it("has a grammar of a thought before the calls, where one may come or is open", () => {
    const source = { kind: "tool_calls", format: name, tools: TOOLS, choice: "required", parallel: true } as const;
    const accepts = (thoughts: ThoughtStart, text: string): boolean => {
      const { grammar } = compileToolGrammar(source, () => null, thoughts);
      const matcher = new Matcher(new Pushdown(grammar, masks));
      return matcher.acceptBytes(Buffer.from(text)) && matcher.isComplete;
    };
    const thought = `I may call: ${example}, </thing> or <</think </b>\n</think>\n\n`;
    expect(accepts("none", example)).toBe(true);
    expect(accepts("none", `<think>${thought}${example}`)).toBe(false);
    expect(accepts("maybe", example)).toBe(true);
    expect(accepts("maybe", `<think>${thought}${example}`)).toBe(true);
    expect(accepts("maybe", `${thought}${example}`)).toBe(false);
    expect(accepts("open", `${thought}${example}`)).toBe(true);
    expect(accepts("open", `${thought}said </think>${example}`)).toBe(false);
    expect(accepts("open", example)).toBe(false);
    expect(read(name, [`${thought}${example}`], "open").calls).toEqual(expected);
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

describe("describeTools", () => {
  const tools = [{ type: "function", function: { name: "weather" } }] as const;
  const rendered = (template: string, messages: readonly ChatMessage[]): string =>
    parseChatTemplate(template).render({
      ...describeTools({ messages, tools, addGenerationPrompt: true }),
      bosToken: "",
      eosToken: "",
    });
  /** Takes turns of user and assistant, and nothing else. */
  const strict = [
    "{% for m in messages %}",
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns must alternate') }}{% endif %}",
    "[{{ m.role }}]{{ m.content }}\n{% endfor %}",
  ].join("");
  const call = { id: "c1", type: "function", function: { name: "weather", arguments: '{"city": "Rome"}' } } as const;
  const words = 'You can call these functions:\n{"name":"weather"}\nTo call one';

  it("shows tools, calls and results in turns of user and assistant", () => {
    const text = rendered(strict, [
      { role: "user", content: "Rome?" },
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "c1", content: "21 degrees" },
      { role: "user", content: "And in Oslo?" },
      {
        role: "assistant",
        content: "Let me see.",
        tool_calls: [
          { ...call, id: "c2" },
          { ...call, id: "c3" },
        ],
      },
      { role: "tool", tool_call_id: "c2", content: [{ type: "text", text: "3 degrees" }] },
      { role: "tool", tool_call_id: "c3", content: "" },
    ]);
    expect(text.startsWith(`[user]${words}`)).toBe(true);
    expect(text).toContain("parameters}.\n\nRome?\n[assistant]");
    expect(text).toContain('[assistant]{"name": "weather", "arguments": {"city": "Rome"}}\n[user]');
    expect(text).toContain("[user]Result of weather:\n21 degrees\n\nAnd in Oslo?\n[assistant]Let me see.\n{");
    expect(text.trimEnd().endsWith("[user]Result of weather:\n3 degrees\nResult of weather:")).toBe(true);
  });

  it("describes tools in the system message where there is one", () => {
    const loose = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}";
    const text = rendered(loose, [
      { role: "system", content: "Be short." },
      { role: "user", content: "Hi" },
    ]);
    expect(text.startsWith(`[system]Be short.\n\n${words}`)).toBe(true);
    expect(text.endsWith("[user]Hi")).toBe(true);
  });
});

describe("mistral", () => {
  it("reads past the ids that the model gives its calls", () => {
    const id = '"id": "a1b2c3d4e"';
    const text = `[TOOL_CALLS][{"name": "weather", "arguments": {}, ${id}}, {"name": "time.now", "arguments": {}, ${id}}]`;
    for (const pieces of [[text], Array.from(text)]) {
      const { calls, text: seen } = read("mistral", pieces);
      expect(calls.map(({ name }) => name)).toEqual(["weather", "time.now"]);
      expect(seen).toBe("");
    }
  });
});

describe("mistral-args", () => {
  it("reads past an id that the model gives its call", () => {
    const text = '[TOOL_CALLS]weather[CALL_ID]a1b2c3d4e[ARGS]{"city": "Rome"}';
    for (const pieces of [[text], Array.from(text)]) {
      expect(read("mistral-args", pieces).calls).toEqual([{ name: "weather", arguments: '{"city": "Rome"}' }]);
    }
  });

  it("is bound by tokens where the marks are control tokens", () => {
    const ids = new Map([
      ["[TOOL_CALLS]", 300],
      ["[ARGS]", 301],
    ]);
    const source = {
      kind: "tool_calls",
      format: "mistral-args",
      tools: TOOLS,
      choice: "auto",
      parallel: true,
    } as const;
    const { grammar, wake } = compileToolGrammar(source, (text) => ids.get(text) ?? null);
    expect(wake).toEqual({ text: "[TOOL_CALLS]", token: 300, atStart: false, before: "", thoughts: "none" });
    const matcher = new Matcher(new Pushdown(grammar, new LexerMasks(buildVocabularyBytes(jsonVocabulary()))));
    for (let call = 0; call < 2; call += 1) {
      expect(matcher.accept(300)).toBe(true);
      expect(matcher.acceptBytes(Buffer.from("time.now"))).toBe(true);
      expect(matcher.accept(301)).toBe(true);
      expect(matcher.acceptBytes(Buffer.from("{}"))).toBe(true);
      expect(matcher.isComplete).toBe(true);
    }
  });
});

describe("llama3-builtin", () => {
  const tools = [
    ...TOOLS,
    { name: "brave_search", parameters: parameter("query") },
    { name: "code_interpreter", parameters: parameter("code") },
  ];
  const names = new Set(tools.map(({ name }) => name));
  const search = '<|python_tag|>brave_search.call(query="Menlo \\"Park\\" (CA)")';
  const code = '<|python_tag|>def f(x):\n    return {"name": x}\n\nprint(f("é"))';
  const vocabulary = buildVocabularyBytes(jsonVocabulary());
  const { grammar } = compileToolGrammar(
    { kind: "tool_calls", format: "llama3-builtin", tools, choice: "required", parallel: true },
    () => null,
  );
  const accepts = (text: string): boolean => {
    const matcher = new Matcher(new Pushdown(grammar, new LexerMasks(vocabulary)));
    return matcher.acceptBytes(Buffer.from(text)) && matcher.isComplete;
  };

  it("reads the calls of built-in tools in any pieces", () => {
    const uniform = uniforms(11);
    for (let round = 0; round < 30; round += 1) {
      const [searched] = read("llama3-builtin", randomPieces(search, uniform), "none", names).calls;
      expect(searched).toEqual({ name: "brave_search", arguments: '{"query": "Menlo \\"Park\\" (CA)"}' });
      const [coded] = read("llama3-builtin", randomPieces(code, uniform), "none", names).calls;
      expect(coded?.name).toBe("code_interpreter");
      expect(JSON.parse(coded?.arguments ?? "")).toEqual({ code: code.slice("<|python_tag|>".length) });
    }
  });

  it("has a grammar of them, in which code is never taken for another call", () => {
    const mark = "<|python_tag|>";
    const taken = [search, code, EXAMPLES["llama3-builtin"], `${mark}print(1)`, `${mark}brave = 1`];
    expect(taken.map(accepts)).toEqual(taken.map(() => true));
    const refused = [mark, `${mark}brave_search.call(q="x")`, `${mark}brave_search.`, `${mark}{"name": 1}`, "print(1)"];
    expect(refused.map(accepts)).toEqual(refused.map(() => false));
  });

  it("has built-in tools beside others where the mark is a control token", () => {
    const { grammar: marked } = compileToolGrammar(
      { kind: "tool_calls", format: "llama3-builtin", tools, choice: "required", parallel: true },
      (text) => (text === "<|python_tag|>" ? 300 : null),
    );
    const pushdown = new Pushdown(marked, masks);
    for (const text of [search, code, EXAMPLES["llama3-builtin"]]) {
      const matcher = new Matcher(pushdown);
      expect(matcher.accept(300), text).toBe(true);
      expect(matcher.acceptBytes(Buffer.from(text.slice("<|python_tag|>".length))), text).toBe(true);
      expect(matcher.isComplete, text).toBe(true);
    }
  });

  it("leaves code open that a limit cut off", () => {
    const reader = new TurnReader({ tools: { format: TOOL_FORMATS["llama3-builtin"], names }, thoughts: "none" });
    reader.push(`${code}#`);
    expect(reader.finish(true)).toEqual([]);
    expect(reader.isCallOpen).toBe(true);
  });

  it("takes a tool for built-in by its name and its one parameter", () => {
    const own = { name: "wolfram_alpha", parameters: parameter("expression") };
    expect(builtInsAmong(TOOL_FORMATS["llama3-builtin"], [...tools, own]).map(({ name }) => name)).toEqual([
      "brave_search",
      "code_interpreter",
    ]);
    expect(builtInsAmong(TOOL_FORMATS.llama3, tools)).toEqual([]);
  });
});

const compileWith = (parameters: unknown): (() => unknown) => {
  const source = { kind: "tool_calls", format: "hermes", choice: "auto", parallel: true } as const;
  return () => compileToolGrammar({ ...source, tools: [...TOOLS, { name: "book", parameters }] }, () => null);
};

describe("compileToolGrammar", () => {
  it("names the tool and the place of what cannot be enforced", () => {
    expect(compileWith({ properties: { seats: { not: {} } } })).toThrow(
      "The schema keyword not at #/properties/seats/not of the tool book",
    );
    expect(compileWith({ properties: { seats: { type: "seat" } } })).toThrow(
      "#/properties/seats/type of the tool book",
    );
  });

  it("refuses a tool of which no call could be written, and says where its schema leaves no value", () => {
    const seats = { type: "object", properties: { row: { type: "integer", enum: ["A"] } }, required: ["row"] };
    expect(compileWith({ properties: { seats }, required: ["seats"] })).toThrow(
      "#/properties/seats/properties/row of the tool book: its keywords leave no value",
    );
    expect(compileWith({ properties: { seats } })).not.toThrow();
  });

  it("has objects as arguments, whatever type a schema names", () => {
    expect(compileWith({ type: "string" })).toThrow("# of the tool book");
    const parameters = { $ref: "#/$defs/seat", $defs: { seat: { type: ["object", "null"], properties: {} } } };
    const tools = [{ name: "book", parameters }];
    const source = { kind: "tool_calls", format: "mistral-args", tools, choice: "required", parallel: false } as const;
    const pushdown = new Pushdown(compileToolGrammar(source, () => null).grammar, masks);
    const accepts = (text: string): boolean => new Matcher(pushdown).acceptBytes(Buffer.from(text));
    expect(accepts("[TOOL_CALLS]book[ARGS]{}")).toBe(true);
    expect(accepts("[TOOL_CALLS]book[ARGS]null")).toBe(false);
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
    const reader = new TurnReader({ tools: { format: TOOL_FORMATS.hermes, names: NAMES }, thoughts: "none" });
    const parts = reader.push('Let me see.\n<tool_call>\n{"name": "weather", "arguments": {"city": "Par');
    expect(parts[0]).toEqual({ kind: "text", text: "Let me see.\n" });
    expect(reader.isCallOpen).toBe(true);
    reader.finish(false);
    expect(reader.calls).toBe(1);
  });
});
