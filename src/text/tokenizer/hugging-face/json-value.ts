/** Fields of parsed JSON, with the place of what is wrong. */

import { fail } from "../../../base/errors.ts";

/** A JSON object, and where it stands: "tokenizer.json: model". */
export interface JsonObject {
  readonly at: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function parseJsonObject(bytes: Uint8Array, file: string, maxBytes: number): JsonObject {
  if (bytes.length > maxBytes) invalid(file, `it has ${bytes.length} bytes; the limit is ${maxBytes}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    invalid(file, error instanceof Error ? error.message : String(error));
  }
  return toObject(value, file);
}

export function invalid(at: string, problem: string): never {
  return fail("tokenizer_invalid", { problem: `${at}: ${problem}.` });
}

export function toObject(value: unknown, at: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return invalid(at, "it is not an object");
  return { at, fields: value as Readonly<Record<string, unknown>> };
}

/** Null where the field is absent or null. */
export function findObject({ at, fields }: JsonObject, name: string): JsonObject | null {
  const value = fields[name];
  return value === undefined || value === null ? null : toObject(value, place(at, name));
}

export function getObject(object: JsonObject, name: string): JsonObject {
  return findObject(object, name) ?? invalid(place(object.at, name), "it is missing");
}

export function findArray({ at, fields }: JsonObject, name: string): readonly unknown[] | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  return Array.isArray(value) ? value : invalid(place(at, name), "it is not an array");
}

export function getArray(object: JsonObject, name: string): readonly unknown[] {
  return findArray(object, name) ?? invalid(place(object.at, name), "it is missing");
}

export function getObjects(object: JsonObject, name: string): readonly JsonObject[] {
  return getArray(object, name).map((value, index) => toObject(value, `${place(object.at, name)}[${index}]`));
}

export function findString({ at, fields }: JsonObject, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : invalid(place(at, name), "it is not a string");
}

export function getString(object: JsonObject, name: string): string {
  return findString(object, name) ?? invalid(place(object.at, name), "it is missing");
}

export function getBool({ at, fields }: JsonObject, name: string, byDefault: boolean): boolean {
  const value = fields[name];
  if (value === undefined || value === null) return byDefault;
  return typeof value === "boolean" ? value : invalid(place(at, name), "it is not true or false");
}

export function toId(value: unknown, at: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  return invalid(at, "it is not a token's id");
}

export function place(at: string, name: string): string {
  return at.endsWith(".json") ? `${at}: ${name}` : `${at}.${name}`;
}
