/** What a chat request's tools mean: for the prompt, for the grammar, and for reading the answer. */

import { fail } from "../base/errors.ts";
import type { ChatInput } from "../text/template/types.ts";
import { describeTools } from "../text/tools/json-format.ts";
import type { ToolFormat, ToolFormatName } from "../text/tools/tool-format.ts";
import { TOOL_FORMATS } from "../text/tools/tool-formats.ts";
import type { ToolGrammarSource } from "../text/tools/tool-grammar.ts";
import { TurnReader } from "../text/tools/turn-reader.ts";
import type { ChatValues } from "./fields/chat-fields.ts";

export interface ToolRequest {
  readonly format: ToolFormat;
  /** Shown to the model. */
  readonly shown: ChatValues["tools"];
  readonly source: ToolGrammarSource | undefined;
}

/** Throws `request_invalid` for a choice that no tool answers. */
export function toolRequestOf(values: ChatValues, name: ToolFormatName): ToolRequest {
  const { tools = [], tool_choice: choice = "auto" } = values;
  const format = TOOL_FORMATS[name];
  if (choice === "none" || (tools.length === 0 && choice === "auto")) {
    return { format, shown: undefined, source: undefined };
  }
  if (tools.length === 0)
    fail("request_invalid", { field: "tool_choice", problem: "asks for a call, but there are no tools" });
  const wanted = typeof choice === "string" ? null : choice.function.name;
  const callable = tools.filter((tool) => wanted === null || tool.function.name === wanted);
  if (callable.length === 0) {
    fail("request_invalid", {
      field: "tool_choice.function.name",
      problem: `names no tool: ${String(wanted).slice(0, 80)}`,
    });
  }
  return {
    format,
    shown: tools,
    source: {
      kind: "tool_calls",
      format: name,
      tools: callable.map(({ function: { name: toolName, parameters } }) => ({ name: toolName, parameters })),
      choice: choice === "auto" ? "auto" : "required",
      // A named function is called once.
      parallel: wanted === null && values.parallel_tool_calls !== false,
    },
  };
}

/** Tools that the template would not show are put into words. */
export function withTools(input: ChatInput, { format }: ToolRequest): ChatInput {
  return format.name === "json" ? describeTools(input) : input;
}

/** A reader for each choice's answer; null where there is nothing to tell apart. */
export function turnReaders(
  { format, source }: ToolRequest,
  thinks: boolean,
  prompt: string | Int32Array,
): (() => TurnReader) | null {
  if (source === undefined && !thinks) return null;
  const names = new Set(source?.tools.map(({ name }) => name));
  const reasoning = !thinks ? "none" : opensThought(prompt) ? "open" : "maybe";
  return () => new TurnReader({ tools: source === undefined ? null : { format, names }, reasoning });
}

/** The prompt's last words open the thought; of a session's tokens that is not known, and the text tells. */
function opensThought(prompt: string | Int32Array): boolean {
  return typeof prompt === "string" && prompt.trimEnd().endsWith("<think>");
}
