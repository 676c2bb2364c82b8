/** What `turnwise bench grammar` compiles and makes masks for: sets of tools, and what is hard. */

import type { GrammarSource } from "../../text/grammar/compile-grammar.ts";
import type { ToolGrammarSource } from "../../text/tools/tool-grammar.ts";

export interface GrammarCase {
  readonly name: string;
  readonly source: GrammarSource | ToolGrammarSource;
}

export type Tool = ToolGrammarSource["tools"][number];

/** Tools of one request, as agents have them. */
export const SET_TOOLS = 20;

/** Calls of any of `tools`, as a model of the Hermes family writes them. */
export function toolCase(name: string, tools: readonly Tool[]): GrammarCase {
  return { name, source: { kind: "tool_calls", format: "hermes", tools, choice: "required", parallel: true } };
}

/** `tools` in sets of SET_TOOLS. */
export function toolCases(name: string, tools: readonly Tool[]): readonly GrammarCase[] {
  const sets = Math.ceil(tools.length / SET_TOOLS);
  return Array.from({ length: sets }, (_, index) =>
    toolCase(`${name} ${index + 1}`, tools.slice(index * SET_TOOLS, (index + 1) * SET_TOOLS)),
  );
}
