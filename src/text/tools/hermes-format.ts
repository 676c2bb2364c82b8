/**
 * Hermes 2 and 3, Qwen 2.5 and 3: each call in <tool_call> tags.
 * Source: https://github.com/NousResearch/Hermes-Function-Calling
 */

import type { ToolFormat } from "./tool-format.ts";

export const HERMES_FORMAT: ToolFormat = {
  name: "hermes",
  matches: (template) => template.includes("<tool_call>"),
  open: "<tool_call>",
  bare: false,
  call: { kind: "object", argumentsKey: "arguments" },
  before: "\n",
  after: "\n</tool_call>",
  between: "\n<tool_call>",
  close: "",
  builtIns: [],
  opensWithControlToken: false,
  idLength: 24,
};
