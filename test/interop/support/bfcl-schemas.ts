/** The parameters of BFCL's functions as JSON Schemas: the data names types as Python does. */

import { readFileSync, readdirSync } from "node:fs";
import { sharedPath } from "./shared-folder.ts";

/** As BFCL's own converter maps them. */
const TYPES: Readonly<Record<string, string>> = {
  dict: "object",
  float: "number",
  tuple: "array",
  any: "string",
};

export function readBfclSchemas(): readonly Readonly<Record<string, unknown>>[] {
  const folder = sharedPath("agentic/bfcl");
  const files = readdirSync(folder).filter((name) => name.startsWith("BFCL"));
  return files.flatMap((file) =>
    readFileSync(`${folder}/${file}`, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .flatMap((line) => (JSON.parse(line) as { function: { parameters: unknown }[] }).function)
      .map(({ parameters }) => convert(parameters) as Record<string, unknown>),
  );
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => [
      key,
      key === "type" && typeof inner === "string" ? (TYPES[inner] ?? inner) : convert(inner),
    ]),
  );
}
