/**
 * Mistral's instruct models from tokeniser v2 on: [TOOL_CALLS] and one list of all calls.
 * Source: https://docs.mistral.ai/capabilities/function_calling/
 */

import type { ToolFormat } from "./tool-format.ts";

export const MISTRAL_FORMAT: ToolFormat = {
  name: "mistral",
  matches: (template) => template.includes("[TOOL_CALLS]") && !template.includes("[ARGS]"),
  open: "[TOOL_CALLS]",
  before: "[",
  after: "",
  between: ", ",
  close: "]",
  argumentsKey: "arguments",
  opensWithControlToken: true,
  // Its template refuses ids of another length.
  idLength: 9,
};
