/**
 * What the server does with each field of a request: one table for each API names every field that
 * OpenAI's API has, and those that other servers added. A field is
 *
 * - honoured: validated and used;
 * - inert: accepted because it cannot change the answer, and listed in the answer as ignored;
 * - refused: it would change the answer; only values that change nothing are accepted.
 *
 * Unknown fields count as inert, or are refused under `--strict-fields`. Null means absent, as it
 * does in OpenAI's API. Validation, the documentation and the tests read the same tables.
 */

import type { z } from "zod";
import { fail } from "../../base/errors.ts";
import { nearestName } from "../../base/nearest-name.ts";
import { describeIssue } from "./describe-issue.ts";

export interface HonouredField<Schema extends z.ZodType = z.ZodType> {
  readonly kind: "honoured";
  readonly schema: Schema;
  /** For the documentation: range, default, meaning where they are ours. */
  readonly note: string;
}

export interface InertField {
  readonly kind: "inert";
  /** Why it cannot change the answer. */
  readonly note: string;
}

export interface RefusedField {
  readonly kind: "refused";
  /** What to do instead; ends the error message. */
  readonly note: string;
  /** Values that are accepted because they ask for what happens anyway. */
  readonly neutral: readonly unknown[];
}

export type FieldRow = HonouredField | InertField | RefusedField;
export type FieldTable = Readonly<Record<string, FieldRow>>;

export function honoured<Schema extends z.ZodType>(schema: Schema, note: string): HonouredField<Schema> {
  return { kind: "honoured", schema, note };
}

export function inert(note: string): InertField {
  return { kind: "inert", note };
}

export function refused(note: string, ...neutral: readonly unknown[]): RefusedField {
  return { kind: "refused", note, neutral };
}

/** The validated values of a table's honoured fields; an optional one that is absent is undefined. */
export type FieldValues<Table extends FieldTable> = {
  readonly [Name in keyof Table as Table[Name] extends HonouredField ? Name : never]: Table[Name] extends HonouredField<
    infer Schema
  >
    ? z.output<Schema>
    : never;
};

export interface ParsedFields<Table extends FieldTable> {
  readonly values: FieldValues<Table>;
  /** Inert and unknown fields that were given. */
  readonly ignored: readonly string[];
}

/** Names listed as ignored; a body with more unknown fields than this is not a request. */
const MAX_IGNORED = 100;

/**
 * Checks `body` against `table`. Throws `request_invalid`, `field_refused` or `field_unknown`, each
 * naming the field.
 */
export function parseFields<Table extends FieldTable>(
  table: Table,
  body: unknown,
  strict: boolean,
): ParsedFields<Table> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    fail("request_invalid", { field: "body", problem: "expected a JSON object" });
  }
  const given = new Map(Object.entries(body).filter(([, value]) => value !== null));
  const ignored = ignoredFields(table, given, strict, "");
  const values: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(table)) {
    if (row.kind === "honoured") values[name] = validate(name, row.schema, given.get(name));
  }
  return { values: values as FieldValues<Table>, ignored: ignored.slice(0, MAX_IGNORED) };
}

/**
 * The names of `given` that are inert or unknown. Throws `field_refused`, or `field_unknown` where
 * `strict`, naming the field after `prefix`.
 */
export function ignoredFields(
  table: FieldTable,
  given: Iterable<readonly [name: string, value: unknown]>,
  strict: boolean,
  prefix: string,
): string[] {
  const ignored: string[] = [];
  for (const [name, value] of given) {
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    const field = prefix + name;
    if (row === undefined && strict) failUnknown(field, name, table);
    if (row === undefined || row.kind === "inert") ignored.push(name);
    else if (row.kind === "refused" && !isNeutral(row, value)) fail("field_refused", { field, hint: row.note });
  }
  return ignored;
}

function validate(name: string, schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, problem } = describeIssue(result.error.issues, value);
  return fail("request_invalid", { field: `${name}${path}`, problem });
}

function isNeutral(row: RefusedField, value: unknown): boolean {
  const text = JSON.stringify(value);
  return row.neutral.some((neutral) => JSON.stringify(neutral) === text);
}

function failUnknown(field: string, name: string, table: FieldTable): never {
  const nearest = nearestName(name, Object.keys(table));
  fail("field_unknown", { field, hint: nearest === null ? "" : ` Did you mean ${nearest}?` });
}
