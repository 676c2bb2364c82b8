/**
 * Tool formats against the chat templates of real models: which format each template is taken for, and that
 * a call which the template writes into the history is read back and allowed by the grammar.
 */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { toolRequestOf, withTools } from "../../src/server/tool-request.ts";
import { LexerMasks } from "../../src/text/grammar/masks/lexer-masks.ts";
import { Matcher } from "../../src/text/grammar/matcher.ts";
import { Pushdown } from "../../src/text/grammar/pushdown.ts";
import { parseChatTemplate } from "../../src/text/template/chat-template.ts";
import type { ChatTool } from "../../src/text/template/types.ts";
import { buildVocabularyBytes } from "../../src/text/tokenizer/vocabulary-bytes.ts";
import type { ToolFormatName } from "../../src/text/tools/tool-format.ts";
import { detectToolFormat, TOOL_FORMATS } from "../../src/text/tools/tool-formats.ts";
import { compileToolGrammar } from "../../src/text/tools/tool-grammar.ts";
import { TurnReader } from "../../src/text/tools/turn-reader.ts";
import { jsonVocabulary } from "../support/random-generation.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

const FORMATS: Readonly<Record<string, ToolFormatName>> = {
  "Mistral-Small-3.2-24B-Instruct-2506": "mistral-args",
  "mistralai-Mistral-Nemo-Instruct-2407": "mistral",
  "meta-llama-Llama-3.1-8B-Instruct": "llama3-builtin",
  "meta-llama-Llama-3.3-70B-Instruct": "llama3-builtin",
  "meta-llama-Llama-3.2-3B-Instruct": "llama3",
  "NousResearch-Hermes-3-Llama-3.1-8B-tool_use": "hermes",
  "Qwen-Qwen2.5-7B-Instruct": "hermes",
  "Qwen-Qwen3-0.6B": "hermes",
};
const template = (name: string): string => readFileSync(sharedPath(`templates/${name}.jinja`), "utf8");

const tool = (name: string, parameter: string): ChatTool => ({
  type: "function",
  function: {
    name,
    description: "",
    parameters: { type: "object", properties: { [parameter]: { type: "string" } }, required: [parameter] },
  },
});
const TOOLS = [tool("weather", "city"), tool("brave_search", "query")];
const ANSWER_ENDS = /(?:<\|eo[tm]_id\|>|<\|im_end\|>|<\/s>)\s*$/;

/** What the template writes for an answer that calls `name`. */
function written(source: string, name: string, args: Readonly<Record<string, string>>): string {
  const asked = { tools: TOOLS, choice: "auto", parallel: true, nameField: "tool_choice" } as const;
  const request = toolRequestOf(asked, detectToolFormat(source));
  const call = { id: "abcdefghi", type: "function", function: { name, arguments: JSON.stringify(args) } } as const;
  const user = { role: "user", content: "Hello" };
  const chat = parseChatTemplate(source);
  const text = { bosToken: "<s>", eosToken: "</s>" };
  const before = chat.render({
    ...withTools({ messages: [user], tools: TOOLS, addGenerationPrompt: true }, request),
    ...text,
  });
  const messages = [user, { role: "assistant", content: "", tool_calls: [call] }];
  const after = chat.render({ ...withTools({ messages, tools: TOOLS, addGenerationPrompt: false }, request), ...text });
  expect(after.startsWith(before)).toBe(true);
  return after.slice(before.length).replace(ANSWER_ENDS, "");
}

describe.skipIf(sharedAbsent)("tool formats of real templates", () => {
  it("are found by their marks", () => {
    const found = Object.keys(FORMATS).map((name) => [name, detectToolFormat(template(name))]);
    expect(Object.fromEntries(found)).toEqual(FORMATS);
    for (const file of readdirSync(sharedPath("templates")).filter((name) => name.endsWith(".jinja"))) {
      expect(() => detectToolFormat(template(file.replace(/\.jinja$/, "")))).not.toThrow();
    }
  });

  it.each(Object.entries(FORMATS))("reads what %s writes, as %s", (name, format) => {
    const source = template(name);
    for (const [called, args] of [
      ["weather", { city: "Rome" }],
      ["brave_search", { query: "weather in Rome, 2 (two) days" }],
    ] as const) {
      const text = written(source, called, args);
      const reader = new TurnReader({
        tools: { format: TOOL_FORMATS[format], names: new Set(TOOLS.map((each) => each.function.name)) },
        thoughts: source.includes("</think>") ? "maybe" : "none",
      });
      const parts = [...Array.from(text).flatMap((piece) => reader.push(piece)), ...reader.finish(false)];
      const joined = (kind: string): string =>
        parts.map((part) => (part.kind === kind && "text" in part ? part.text : "")).join("");
      expect(parts.find((part) => part.kind === "call")).toEqual({ kind: "call", index: 0, name: called });
      expect(JSON.parse(joined("arguments"))).toEqual(args);
      expect(joined("text").trim()).toBe("");
      // An id is the server's to give; the rest is what the grammar lets the model write.
      expect(accepts(format, withoutThought(text).replace(/\[CALL_ID\]\w+|, "id": "\w+"/, "")), text).toBe(true);
    }
  });

  it.each(["Mistral-Small-3.2-24B-Instruct-2506", "mistralai-Mistral-Nemo-Instruct-2407"])(
    "gives %s ids of the length that it takes, whatever API they come from",
    (name) => {
      const source = template(name);
      const asked = { tools: TOOLS, choice: "auto", parallel: true, nameField: "tool_choice" } as const;
      const request = toolRequestOf(asked, detectToolFormat(source));
      const rendered = (id: string): string => {
        const call = { id, type: "function", function: { name: "weather", arguments: "{}" } } as const;
        const messages = [
          { role: "user", content: "Hello" },
          { role: "assistant", content: "", tool_calls: [call] },
          { role: "tool", content: "sunny", tool_call_id: id },
        ];
        const input = withTools({ messages, tools: TOOLS, addGenerationPrompt: true }, request);
        return parseChatTemplate(source).render({ ...input, bosToken: "<s>", eosToken: "</s>" });
      };
      expect(rendered("a1b2c3d4e").split("a1b2c3d4e")).toHaveLength(3);
      // Of "toolu_0123" by sha256sum.
      expect(rendered("toolu_0123").split("03f951b10")).toHaveLength(3);
    },
  );

  it("shows Llama its built-in tools, and writes their calls in their form", () => {
    const source = template("meta-llama-Llama-3.1-8B-Instruct");
    expect(written(source, "brave_search", { query: "Rome" })).toBe('<|python_tag|>brave_search.call(query="Rome")');
    expect(written(source, "weather", { city: "Rome" })).toBe('{"name": "weather", "parameters": {"city": "Rome"}}');
  });
});

const withoutThought = (text: string): string => text.replace(/^\s*(<think>\s*<\/think>\s*)?/, "");

function accepts(format: ToolFormatName, text: string): boolean {
  const tools = TOOLS.map(({ function: { name, parameters } }) => ({ name, parameters }));
  const source = { kind: "tool_calls", format, tools, choice: "required", parallel: true } as const;
  const { grammar } = compileToolGrammar(source, () => null);
  const matcher = new Matcher(new Pushdown(grammar, new LexerMasks(buildVocabularyBytes(jsonVocabulary()))));
  return matcher.acceptBytes(Buffer.from(text)) && matcher.isComplete;
}
