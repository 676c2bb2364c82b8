/** A function of a case as servers are offered it: parameters as JSON Schema has them, a name of the letters that all accept. */

import type { OfferedTool } from "../../agent/chat-endpoint.ts";
import { toJsonSchema } from "../../bench/grammar/bfcl-tools.ts";
import type { BfclFunction } from "./bfcl-case.ts";

export function offeredTool({ name, description, parameters }: BfclFunction): OfferedTool {
  return { name: offeredName(name), description, parameters: toJsonSchema(parameters) as Record<string, unknown> };
}

/** OpenAI's API allows no dots. */
export function offeredName(name: string): string {
  return name.replaceAll(".", "_");
}
