/** For templates that know no tools: they are described in a system message, and a call is a bare object. */

import type { ChatInput, ChatTool } from "../template/types.ts";
import type { ToolFormat } from "./tool-format.ts";

export const JSON_FORMAT: ToolFormat = {
  name: "json",
  matches: () => true,
  open: "",
  bare: true,
  call: { kind: "object", argumentsKey: "arguments" },
  before: "",
  after: "",
  between: null,
  close: "",
  builtIns: [],
  opensWithControlToken: false,
  idLength: 24,
};

/** The conversation with its tools as text, for a template that would not show them. */
export function describeTools({ tools = [], ...input }: ChatInput): ChatInput {
  if (tools.length === 0) return input;
  const text = [
    "You can call these functions:",
    ...tools.map((tool: ChatTool) => JSON.stringify(tool.function)),
    'To call one, answer with nothing but {"name": its name, "arguments": an object of its parameters}.',
  ].join("\n");
  const [first, ...others] = input.messages;
  const isSystem = first?.role === "system" && typeof first.content === "string";
  const messages = isSystem
    ? [{ ...first, content: `${first.content}\n\n${text}` }, ...others]
    : [{ role: "system", content: text }, ...input.messages];
  return { ...input, messages };
}
