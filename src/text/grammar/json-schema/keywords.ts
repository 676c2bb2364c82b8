/**
 * Every keyword of JSON Schema (draft 2020-12, with what drafts 4 to 7 and OpenAPI 3.0 called differently):
 * enforced, an annotation, or refused with a reason. A word that no draft defines is an annotation, as the
 * specification has it, unless it differs from a keyword in case alone.
 * Source: https://json-schema.org/draft/2020-12/json-schema-validation
 */

import { fail } from "../../../base/errors.ts";
import { FORMAT_NAMES } from "./formats.ts";
import type { SchemaLocation } from "./schema-location.ts";
import { isObject } from "./schema-location.ts";

const COUNT = "a whole number of at least 0";

/** What the value of each enforced keyword must be. */
const ENFORCED: Readonly<Record<string, { readonly expected: string; readonly accepts: (value: unknown) => boolean }>> =
  {
    type: { expected: "a type's name or a list of them", accepts: isTypes },
    enum: { expected: "a list that is not empty", accepts: (value) => Array.isArray(value) && value.length > 0 },
    const: { expected: "any value", accepts: () => true },
    nullable: { expected: "true or false", accepts: isBoolean },
    properties: { expected: "an object", accepts: isObject },
    patternProperties: { expected: "an object", accepts: isObject },
    additionalProperties: { expected: "a schema", accepts: isSchema },
    required: { expected: "a list of names", accepts: isNames },
    propertyNames: { expected: "a schema", accepts: isSchema },
    minProperties: { expected: COUNT, accepts: isCount },
    maxProperties: { expected: COUNT, accepts: isCount },
    items: { expected: "a schema", accepts: (value) => isSchema(value) || Array.isArray(value) },
    prefixItems: { expected: "a list of schemas", accepts: Array.isArray },
    additionalItems: { expected: "a schema", accepts: isSchema },
    minItems: { expected: COUNT, accepts: isCount },
    maxItems: { expected: COUNT, accepts: isCount },
    minLength: { expected: COUNT, accepts: isCount },
    maxLength: { expected: COUNT, accepts: isCount },
    pattern: { expected: "a regular expression", accepts: isString },
    format: { expected: "a format's name", accepts: isString },
    minimum: { expected: "a number", accepts: Number.isFinite },
    maximum: { expected: "a number", accepts: Number.isFinite },
    exclusiveMinimum: { expected: "a number", accepts: (value) => Number.isFinite(value) || isBoolean(value) },
    exclusiveMaximum: { expected: "a number", accepts: (value) => Number.isFinite(value) || isBoolean(value) },
    multipleOf: { expected: "a number above 0", accepts: (value) => Number.isFinite(value) && Number(value) > 0 },
    anyOf: { expected: "a list of schemas that is not empty", accepts: isList },
    oneOf: { expected: "a list of schemas that is not empty", accepts: isList },
    allOf: { expected: "a list of schemas that is not empty", accepts: isList },
    $ref: { expected: "a string", accepts: isString },
  };

const REFUSED: Readonly<Record<string, string>> = {
  not: "what is excluded cannot be generated around; say what is allowed.",
  if: "conditions are not supported; use anyOf.",
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword's name
  then: "conditions are not supported; use anyOf.",
  else: "conditions are not supported; use anyOf.",
  dependentSchemas: "conditions are not supported; use anyOf.",
  dependentRequired: "conditions are not supported; use anyOf.",
  dependencies: "conditions are not supported; use anyOf.",
  unevaluatedProperties: "use additionalProperties.",
  unevaluatedItems: "use items.",
  contains: "use items or prefixItems.",
  minContains: "use minItems.",
  maxContains: "use maxItems.",
  $dynamicRef: "use $ref.",
  $recursiveRef: "use $ref.",
};

const ANNOTATIONS = ["$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$comment"].concat(
  ["$defs", "definitions", "$vocabulary", "title", "description", "default", "examples", "example", "deprecated"],
  ["readOnly", "writeOnly", "contentEncoding", "contentMediaType", "contentSchema"],
);

const BY_LOWER_CASE = new Map(
  [...Object.keys(ENFORCED), ...Object.keys(REFUSED), ...ANNOTATIONS, "uniqueItems"].map((name) => [
    name.toLowerCase(),
    name,
  ]),
);

/** Throws `schema_invalid` and `schema_unsupported`. */
export function checkKeywords({ schema, pointer }: SchemaLocation): void {
  if (typeof schema === "boolean") return;
  for (const [keyword, value] of Object.entries(schema)) {
    const place = `${pointer}/${keyword}`;
    const rule = Object.hasOwn(ENFORCED, keyword) ? ENFORCED[keyword] : undefined;
    if (rule !== undefined) {
      if (!rule.accepts(value)) fail("schema_invalid", { pointer: place, problem: `it must be ${rule.expected}.` });
      if (keyword === "format") checkFormat(String(value), place);
      continue;
    }
    const reason = Object.hasOwn(REFUSED, keyword) ? REFUSED[keyword] : undefined;
    if (reason !== undefined) fail("schema_unsupported", { keyword, pointer: place, reason });
    if (keyword === "uniqueItems" && value === true) {
      fail("schema_unsupported", {
        keyword,
        pointer: place,
        reason: "items cannot be compared while they are written.",
      });
    }
    const meant = BY_LOWER_CASE.get(keyword.toLowerCase());
    if (meant !== undefined && meant !== keyword) {
      fail("schema_unsupported", { keyword, pointer: place, reason: `there is no such keyword; ${meant} is one.` });
    }
  }
}

/** Unknown, it would be ignored. */
function checkFormat(format: string, pointer: string): void {
  if (FORMAT_NAMES.has(format)) return;
  const known = [...FORMAT_NAMES].join(", ");
  const reason = `format ${JSON.stringify(format.slice(0, 40))} is not known. Known: ${known}.`;
  fail("schema_unsupported", { keyword: "format", pointer, reason });
}

export const JSON_TYPES = ["object", "array", "string", "number", "integer", "boolean", "null"] as const;
export type JsonType = (typeof JSON_TYPES)[number];

function isTypes(value: unknown): boolean {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  return names.length > 0 && names.every((name) => JSON_TYPES.some((type) => type === name));
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

function isString(value: unknown): boolean {
  return typeof value === "string";
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isSchema(value: unknown): boolean {
  return typeof value === "boolean" || isObject(value);
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every(isString);
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}
