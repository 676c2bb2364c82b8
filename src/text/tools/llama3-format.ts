/**
 * Llama 3.1 to 3.3: a bare object {"name", "parameters"}, one an answer, perhaps after <|python_tag|>. The
 * larger models know three tools by name, which they call in forms of their own.
 * Source: https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1/#json-based-tool-calling and
 * #built-in-tooling there.
 */

import type { ToolFormat } from "./tool-format.ts";

export const LLAMA3_FORMAT: ToolFormat = {
  name: "llama3",
  matches: (template) => template.includes('"parameters": dictionary') || template.includes("<|python_tag|>"),
  open: "<|python_tag|>",
  bare: true,
  call: { kind: "object", argumentsKey: "parameters" },
  before: "",
  after: "",
  between: null,
  close: "",
  builtIns: [],
  opensWithControlToken: true,
  idLength: 24,
};

/** For templates that show which of the built-in tools there are. */
export const LLAMA3_BUILTIN_FORMAT: ToolFormat = {
  ...LLAMA3_FORMAT,
  name: "llama3-builtin",
  matches: (template) => template.includes("<|python_tag|>") && template.includes("builtin_tools"),
  builtIns: [
    { name: "brave_search", parameter: "query", form: "call" },
    { name: "wolfram_alpha", parameter: "query", form: "call" },
    { name: "code_interpreter", parameter: "code", form: "raw" },
  ],
};
