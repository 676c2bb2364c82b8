/** The parameters of BFCL's functions as JSON Schemas. */

import { readBfclTools } from "../../../src/bench/grammar/bfcl-tools.ts";
import { sharedPath } from "./shared-folder.ts";

export function readBfclSchemas(): readonly Readonly<Record<string, unknown>>[] {
  return readBfclTools(sharedPath("agentic/bfcl")).map(({ parameters }) => parameters as Record<string, unknown>);
}
