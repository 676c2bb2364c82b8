/** The JSON files of a Hugging Face directory, their fields checked, with file and field named. */

import { fail } from "../../base/errors.ts";
import { shortJson } from "../../base/short-json.ts";
import type { ByteSource } from "../../formats/byte-source.ts";

/** config.json has some kB; those of quantised models list each module that is left alone. */
const MAX_CONFIG_BYTES = 16 * 2 ** 20;

export class JsonFields {
  /** "config.json", "config.json: rope_scaling". */
  readonly place: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(place: string, fields: Readonly<Record<string, unknown>>) {
    this.place = place;
    this.#fields = fields;
  }

  /** Whether the field is there and not null. */
  has(name: string): boolean {
    return (this.#fields[name] ?? null) !== null;
  }

  findString(name: string): string | undefined {
    return this.#find(name, "a text", (value) => typeof value === "string");
  }

  findBool(name: string): boolean | undefined {
    return this.#find(name, "true or false", (value) => typeof value === "boolean");
  }

  /** A finite number above zero. */
  findPositive(name: string): number | undefined {
    return this.#find(
      name,
      "a positive number",
      (value): value is number => Number.isFinite(value) && Number(value) > 0,
    );
  }

  findInteger(name: string): number | undefined {
    return this.#find(name, "an integer", (value): value is number => Number.isSafeInteger(value));
  }

  /** From 1 to `limit`. */
  findSize(name: string, limit: number): number | undefined {
    const isSize = (value: unknown): value is number =>
      Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= limit;
    return this.#find(name, `a size from 1 to ${limit}`, isSize);
  }

  /** As `findSize`, but throws `metadata_missing`. */
  getSize(name: string, limit: number): number {
    return this.findSize(name, limit) ?? this.missing(name);
  }

  getString(name: string): string {
    return this.findString(name) ?? this.missing(name);
  }

  findStrings(name: string): readonly string[] | undefined {
    return this.#find(name, "a list of texts", isStrings);
  }

  findObject(name: string): JsonFields | undefined {
    const fields = this.#find(name, "an object", isRecord);
    return fields === undefined ? undefined : new JsonFields(this.#placeOf(name), fields);
  }

  /** All fields, each an object or null; what is null is left out. */
  objectsByName(): readonly (readonly [name: string, fields: JsonFields])[] {
    return Object.keys(this.#fields).flatMap((name) => {
      const fields = this.findObject(name);
      return fields === undefined ? [] : [[name, fields] as const];
    });
  }

  missing(name: string): never {
    return fail("metadata_missing", { key: this.#placeOf(name), architecture: "Hugging Face" });
  }

  invalid(name: string, problem: string): never {
    return fail("metadata_invalid", { key: this.#placeOf(name), problem });
  }

  #find<T>(name: string, what: string, isRight: (value: unknown) => value is T): T | undefined {
    const value = this.#fields[name];
    if (value === undefined || value === null) return undefined;
    return isRight(value) ? value : this.invalid(name, `it is ${shortJson(value)}, not ${what}`);
  }

  #placeOf(name: string): string {
    return this.place.includes(":") ? `${this.place}.${name}` : `${this.place}: ${name}`;
  }
}

/** Throws `metadata_invalid` where the file is no JSON object. */
export function readJsonFields(source: ByteSource, file: string): JsonFields {
  const invalid = (problem: string): never => fail("metadata_invalid", { key: file, problem });
  if (source.size > MAX_CONFIG_BYTES) invalid(`it has ${source.size} bytes; the limit is ${MAX_CONFIG_BYTES}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(source.view(0, source.size)));
  } catch (error) {
    invalid(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return isRecord(value) ? new JsonFields(file, value) : invalid("it is no JSON object");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
