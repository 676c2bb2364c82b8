/**
 * Mistral's instruct models. From tokeniser v2 on: [TOOL_CALLS] and one list of all calls. From v11 on:
 * [TOOL_CALLS]name[ARGS]{...} for each call; in v11 [CALL_ID] and an id may stand before [ARGS].
 * Source: https://docs.mistral.ai/capabilities/function_calling/,
 * https://github.com/mistralai/mistral-common (tokens/tokenizers/instruct.py)
 */

import type { ToolFormat } from "./tool-format.ts";

export const MISTRAL_FORMAT: ToolFormat = {
  name: "mistral",
  matches: (template) => template.includes("[TOOL_CALLS]") && !template.includes("[ARGS]"),
  open: "[TOOL_CALLS]",
  bare: false,
  call: { kind: "object", argumentsKey: "arguments" },
  before: "[",
  after: "",
  between: ", ",
  close: "]",
  builtIns: [],
  opensWithControlToken: true,
  // Its template refuses ids of another length.
  idLength: 9,
};

export const MISTRAL_ARGS_FORMAT: ToolFormat = {
  ...MISTRAL_FORMAT,
  name: "mistral-args",
  matches: (template) => template.includes("[TOOL_CALLS]") && template.includes("[ARGS]"),
  call: { kind: "marked", mark: "[ARGS]" },
  before: "",
  between: "[TOOL_CALLS]",
  close: "",
};
