/**
 * The functions of the Berkeley function-calling leaderboard, whose parameters are JSON Schemas with
 * the names of Python's types.
 * Source: https://github.com/ShishirPatil/gorilla/tree/main/berkeley-function-call-leaderboard
 */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../base/errors.ts";
import { systemReason } from "../../formats/file-source.ts";
import type { Tool } from "./grammar-case.ts";

/** As BFCL's own converter maps them. */
const TYPES: Readonly<Record<string, string>> = { dict: "object", float: "number", tuple: "array", any: "string" };

/** Of all `BFCL*.json` in `folder`. Throws `file_unreadable`, and `invalid_option` where there are none. */
export function readBfclTools(folder: string): readonly Tool[] {
  const tools = fileNames(folder).flatMap((name) => readTools(join(folder, name)));
  if (tools.length > 0) return tools;
  return fail("invalid_option", { option: "FOLDER", problem: `${folder} has no file BFCL*.json with functions.` });
}

function fileNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith("BFCL") && name.endsWith(".json"));
  } catch (error) {
    return fail("file_unreadable", { path: folder, reason: systemReason(error) });
  }
}

function readTools(path: string): readonly Tool[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .flatMap((line) => (JSON.parse(line) as { readonly function: readonly Tool[] }).function)
      .map(({ name, parameters }) => ({ name, parameters: toJsonSchema(parameters) }));
  } catch (error) {
    return fail("file_unreadable", {
      path,
      reason: error instanceof SyntaxError ? error.message : systemReason(error),
    });
  }
}

/** The same schema as JSON Schema means it: types by its names, and what a list's items may be with the items. */
export function toJsonSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJsonSchema);
  if (typeof value !== "object" || value === null) return value;
  const schema: Record<string, unknown> = Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => [
      key,
      key === "type" && typeof inner === "string" ? (TYPES[inner] ?? inner) : toJsonSchema(inner),
    ]),
  );
  return listsItems(schema) ? withEnumOfItems(schema) : schema;
}

/** Some functions of BFCL have an array's enum beside its items, of values that are no arrays. */
function listsItems({ type, enum: values }: Readonly<Record<string, unknown>>): boolean {
  return type === "array" && Array.isArray(values) && !values.some((value) => Array.isArray(value));
}

function withEnumOfItems({ enum: values, items, ...schema }: Readonly<Record<string, unknown>>): object {
  return { ...schema, items: { ...(typeof items === "object" ? items : {}), enum: values } };
}
