/** What a request's tools mean: for the prompt, for the grammar, and for reading the answer. */

import { fail } from "../base/errors.ts";
import type { GrammarSource } from "../text/grammar/compile-grammar.ts";
import type { ChatInput, ChatTool } from "../text/template/types.ts";
import { describeTools } from "../text/tools/json-format.ts";
import { builtInsAmong, type ToolFormat, type ToolFormatName } from "../text/tools/tool-format.ts";
import { TOOL_FORMATS } from "../text/tools/tool-formats.ts";
import type { ToolGrammarSource } from "../text/tools/tool-grammar.ts";
import type { ThoughtStart } from "../text/tools/thoughts.ts";
import { TurnReader } from "../text/tools/turn-reader.ts";
import { FULL_ID, withIdsOf } from "./conversation/call-ids.ts";
import { TurnSegments } from "./turn-segments.ts";
import type { EngineRequest } from "./server-context.ts";

export interface ToolRequest {
  readonly format: ToolFormat;
  /** Shown to the model. */
  readonly shown: readonly ChatTool[] | undefined;
  readonly source: ToolGrammarSource | undefined;
}

/** What a request says of its tools, whatever API it came by. */
export interface ToolAsk {
  readonly tools: readonly ChatTool[] | undefined;
  /** "required": some tool, whichever; a name: this one. */
  readonly choice: "auto" | "none" | "required" | { readonly name: string };
  /** More than one call may come. */
  readonly parallel: boolean;
  /** The prompt has the tools whatever the choice, as that of a session. */
  readonly alwaysShown?: boolean;
  /** The field that a wrong name is blamed on. */
  readonly nameField: string;
}

/** Throws `request_invalid` for a choice that no tool answers. */
export function toolRequestOf(
  { tools = [], choice, parallel, alwaysShown = false, nameField }: ToolAsk,
  name: ToolFormatName,
): ToolRequest {
  const format = TOOL_FORMATS[name];
  if (choice === "none" || (tools.length === 0 && choice === "auto")) {
    const isBound = alwaysShown && tools.length > 0;
    const none = { kind: "tool_calls", format: name, tools: [], choice: "none", parallel: false } as const;
    return { format, shown: undefined, source: isBound ? none : undefined };
  }
  if (tools.length === 0) {
    fail("request_invalid", { field: "tool_choice", problem: "asks for a call, but there are no tools" });
  }
  const wanted = typeof choice === "string" ? null : choice.name;
  const callable = tools.filter((tool) => wanted === null || tool.function.name === wanted);
  if (callable.length === 0) {
    fail("request_invalid", { field: nameField, problem: `names no tool: ${String(wanted).slice(0, 80)}` });
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
      parallel: wanted === null && parallel,
    },
  };
}

/**
 * What the output is bound to by a format and by tools: where both are given, an answer is calls or satisfies
 * the format. Throws `request_invalid` for a format that is no JSON, which calls could not be told from.
 */
export function boundOutput(
  format: GrammarSource | undefined,
  { source }: ToolRequest,
): { readonly responseFormat?: GrammarSource | undefined; readonly toolCalls?: ToolGrammarSource | undefined } {
  if (source === undefined || (source.choice === "none" && format !== undefined)) return { responseFormat: format };
  if (format === undefined || source.choice !== "auto") return { toolCalls: source };
  if (format.kind === "json_schema" || format.kind === "json_object")
    return { toolCalls: { ...source, answer: format } };
  return fail("request_invalid", {
    field: "tools",
    problem: 'cannot be called where the output is bound to a grammar; send tool_choice: "none", or bind it to JSON',
  });
}

/** The model's own way of writing calls, unless the server was told another. */
export function toolFormatName({
  engine,
  server,
}: Pick<EngineRequest, "engine"> & { readonly server: Pick<EngineRequest["server"], "options"> }): ToolFormatName {
  const { toolFormat } = server.options;
  return toolFormat === "auto" ? engine.model.toolFormat : toolFormat;
}

/** Tools that the template would not show are put into words; of built-in ones it is told the names; ids fit it. */
export function withTools(input: ChatInput, { format }: ToolRequest): ChatInput {
  if (format.name === "json") return describeTools(input);
  const tools = (input.tools ?? []).map((tool) => tool.function);
  const names = builtInsAmong(format, tools).map(({ name }) => name);
  return {
    ...input,
    ...(names.length === 0 ? {} : { variables: { builtin_tools: names, ...input.variables } }),
    ...(format.idLength < FULL_ID ? { messages: withIdsOf(input.messages, format.idLength) } : {}),
  };
}

/** `input` as the template is given it where nothing forbids its tools. */
export function withItsTools({ tools, ...rest }: ChatInput, name: ToolFormatName): ChatInput {
  const request = toolRequestOf({ tools, choice: "auto", parallel: true, nameField: "tool_choice" }, name);
  return withTools({ ...rest, ...(request.shown === undefined ? {} : { tools: request.shown }) }, request);
}

/** A reader for each choice's answer; null where there is nothing to tell apart. */
export function turnReaders({ format, source }: ToolRequest, thoughts: ThoughtStart): (() => TurnReader) | null {
  const callsNothing = source === undefined || source.choice === "none";
  if (callsNothing && thoughts === "none") return null;
  const names = new Set(source?.tools.map(({ name }) => name));
  return () => new TurnReader({ tools: callsNothing ? null : { format, names }, thoughts });
}

/** An answer in segments; one in which nothing is to be told apart is read as text. */
export function turnSegments(newReader: (() => TurnReader) | null): TurnSegments {
  return new TurnSegments(newReader?.() ?? new TurnReader({ tools: null, thoughts: "none" }));
}
