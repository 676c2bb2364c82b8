/** A function of a case as servers are offered it: types by JSON Schema's names, a name of the letters that all accept. */

import type { OfferedTool } from "../../agent/chat-endpoint.ts";
import { withJsonTypes } from "../../bench/grammar/bfcl-tools.ts";
import type { BfclFunction } from "./bfcl-case.ts";

export function offeredTool({ name, description, parameters }: BfclFunction): OfferedTool {
  return { name: offeredName(name), description, parameters: withJsonTypes(parameters) as Record<string, unknown> };
}

/** OpenAI's API allows no dots. */
export function offeredName(name: string): string {
  return name.replaceAll(".", "_");
}
