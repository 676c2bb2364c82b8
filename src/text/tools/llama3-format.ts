/**
 * Llama 3.1 to 3.3: a bare object {"name", "parameters"}, one an answer, perhaps after <|python_tag|>.
 * Source: https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1/#json-based-tool-calling
 */

import type { ToolFormat } from "./tool-format.ts";

export const LLAMA3_FORMAT: ToolFormat = {
  name: "llama3",
  matches: (template) => template.includes('"parameters": dictionary') || template.includes("<|python_tag|>"),
  open: "<|python_tag|>",
  before: "",
  after: "",
  between: null,
  close: "",
  argumentsKey: "parameters",
  opensWithControlToken: true,
  idLength: 24,
};
