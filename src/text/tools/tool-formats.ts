/** The families of tool calls, and which one a chat template belongs to. */

import { HERMES_FORMAT } from "./hermes-format.ts";
import { JSON_FORMAT } from "./json-format.ts";
import { LLAMA3_BUILTIN_FORMAT, LLAMA3_FORMAT } from "./llama3-format.ts";
import { MISTRAL_ARGS_FORMAT, MISTRAL_FORMAT } from "./mistral-format.ts";
import type { ToolFormat, ToolFormatName } from "./tool-format.ts";

/** In the order in which templates are tried; the last takes all. */
const FORMATS: readonly ToolFormat[] = [
  MISTRAL_ARGS_FORMAT,
  MISTRAL_FORMAT,
  HERMES_FORMAT,
  LLAMA3_BUILTIN_FORMAT,
  LLAMA3_FORMAT,
  JSON_FORMAT,
];

export const TOOL_FORMATS = {
  llama3: LLAMA3_FORMAT,
  "llama3-builtin": LLAMA3_BUILTIN_FORMAT,
  hermes: HERMES_FORMAT,
  mistral: MISTRAL_FORMAT,
  "mistral-args": MISTRAL_ARGS_FORMAT,
  json: JSON_FORMAT,
} as const satisfies Record<ToolFormatName, ToolFormat>;

/** By the marks that the family's templates have; "json" where the template shows no tools, or there is none. */
export function detectToolFormat(template: string | null): ToolFormatName {
  if (template === null || !/\btools\b/.test(template)) return "json";
  return FORMATS.find((format) => format.matches(template))?.name ?? "json";
}
