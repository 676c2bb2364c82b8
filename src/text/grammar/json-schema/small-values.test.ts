/**
 * Against a second implementation, on all small values: a grammar accepts the canonical JSON of exactly
 * those that `ajv` accepts, of schemas in which the specification and the grammar mean the same.
 */

import { describe, expect, it } from "vitest";
import { jsonVocabulary } from "../../../../test/support/random-generation.ts";
import { createValidator } from "../../../../test/support/schema-property.ts";
import { buildVocabularyBytes } from "../../tokenizer/vocabulary-bytes.ts";
import { LexerMasks } from "../masks/lexer-masks.ts";
import { Matcher } from "../matcher.ts";
import { Pushdown } from "../pushdown.ts";
import { compileJsonSchema } from "./compile-schema.ts";

const STRINGS = ["", "a", "b", "ab", "ba", "aab", "é", "日本", "2024-02-29", "a b", '"', "A1"];
const NUMBERS = [...Array.from({ length: 47 }, (_, index) => index - 23), 0.5, -0.5, 1.25, 2.5, 7.75, 100, -100, 1000];
const SCALARS: readonly unknown[] = [null, true, false, ...NUMBERS, ...STRINGS];
const SMALL: readonly unknown[] = [null, true, 0, 1, -3, 2.5, "", "a", "ab", "2024-02-29"];
const LISTS = [
  [],
  ...SMALL.map((first) => [first]),
  ...SMALL.flatMap((first) => SMALL.map((second) => [first, second])),
];
const OBJECTS = SMALL.flatMap((a) => [{}, { a }, { b: a }, ...SMALL.map((b) => ({ a, b })), { a, c: a }]);
const VALUES: readonly unknown[] = [...SCALARS, ...LISTS, [0, 0, 0], ["a", "b", "ab"], ...OBJECTS, [[]], [[1], []]];

const SCHEMAS: readonly object[] = [
  { type: "string" },
  { type: "string", minLength: 1, maxLength: 2 },
  { type: "string", pattern: "^a*b?$" },
  { type: "string", pattern: "b" },
  { type: "string", format: "date" },
  { type: "integer" },
  { type: "integer", minimum: -3, exclusiveMaximum: 12 },
  { type: "integer", multipleOf: 3 },
  { type: "number", exclusiveMinimum: -0.5, maximum: 7.75 },
  { type: ["boolean", "null", "integer"] },
  { enum: [1, "a", null, [0, 1], { a: 1 }] },
  { const: { a: 1, b: 1 } },
  { type: "array", items: { type: "integer" } },
  { type: "array", items: { type: "string" }, minItems: 1, maxItems: 2 },
  { type: "array", prefixItems: [{ type: "integer" }, { type: "string" }], items: false },
  { type: "array", prefixItems: [{ type: "null" }], items: { type: "number", minimum: 1 }, minItems: 1 },
  { type: "array", items: { $ref: "#" } },
  { type: "object", properties: { a: { type: "integer" }, b: {} }, required: ["a"], additionalProperties: false },
  { type: "object", properties: { a: {}, b: { type: "string" } }, additionalProperties: false, maxProperties: 1 },
  { type: "object", properties: { a: { type: "null" } }, additionalProperties: { type: ["integer", "null"] } },
  {
    anyOf: [
      { type: "string", maxLength: 1 },
      { type: "integer", minimum: 5 },
      { type: "array", maxItems: 1 },
    ],
  },
  { oneOf: [{ type: "integer", maximum: -5 }, { type: "integer", minimum: 5 }, { type: "null" }] },
  { allOf: [{ type: "integer", minimum: 2 }, { anyOf: [{ maximum: 4 }, { multipleOf: 5 }] }] },
  { allOf: [{ type: "string" }, { minLength: 1 }, { pattern: "^[ab]" }] },
  { $defs: { n: { type: "number", minimum: 1 } }, type: "array", items: { $ref: "#/$defs/n" } },
];

const masks = new LexerMasks(buildVocabularyBytes(jsonVocabulary()));
const ajv = createValidator();

describe("small values", () => {
  it.each(SCHEMAS)("are accepted as ajv does: %j", (schema) => {
    const pushdown = new Pushdown(compileJsonSchema(schema), masks);
    const validate = ajv.compile(schema);
    const accepted = VALUES.filter((value) => accepts(pushdown, JSON.stringify(value)));
    expect(accepted).toEqual(VALUES.filter((value) => validate(value)));
    expect(accepted.length).toBeGreaterThan(0);
  });
});

function accepts(pushdown: Pushdown, text: string): boolean {
  const matcher = new Matcher(pushdown);
  return matcher.acceptBytes(Buffer.from(text)) && matcher.isComplete;
}
