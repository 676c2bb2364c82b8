/** The fields that bind the output to a grammar: OpenAI's `response_format` and what other servers call it. */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import type { GrammarSource } from "../../text/grammar/compile-grammar.ts";
import { type FieldTable, type FieldValues, honoured } from "./field-table.ts";

/** Each becomes a branch of one automaton. */
const MAX_CHOICES = 10_000;

const jsonSchema = z.union([z.record(z.string(), z.unknown()), z.boolean()], { error: "expected a JSON Schema" });

const responseFormat = z.discriminatedUnion(
  "type",
  [
    z.looseObject({ type: z.literal("text") }),
    z.looseObject({ type: z.literal("json_object"), schema: jsonSchema.nullish() }),
    z.looseObject({
      type: z.literal("json_schema"),
      json_schema: z.looseObject({
        name: z.string().optional(),
        schema: jsonSchema.nullish(),
        strict: z.boolean().nullish(),
      }),
    }),
  ],
  { error: 'expected an object of type "text", "json_object" or "json_schema"' },
);

/** The format as the Responses API has it: the schema stands beside its name. */
export const textFormat = z.discriminatedUnion(
  "type",
  [
    z.looseObject({ type: z.literal("text") }),
    z.looseObject({ type: z.literal("json_object") }),
    z.looseObject({
      type: z.literal("json_schema"),
      name: z.string().optional(),
      schema: jsonSchema,
      strict: z.boolean().nullish(),
    }),
  ],
  { error: 'expected an object of type "text", "json_object" or "json_schema"' },
);

/** A JSON Schema, which some clients send as text. */
const schemaOrText = z.union([jsonSchema, z.string().transform((text, context) => parseSchema(text, context))]);
const choices = z.array(z.string().min(1)).min(1).max(MAX_CHOICES);

function parseSchema(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "expected a JSON Schema, as an object or as JSON text", input: text });
    return z.NEVER;
  }
}

export const RESPONSE_FORMAT_FIELDS = {
  response_format: honoured(
    responseFormat.optional(),
    "text, json_object, or json_schema: every answer is valid, strict or not; what cannot be enforced is a 400 that names the keyword",
  ),
  grammar: honoured(z.string().optional(), "A GBNF grammar that the output keeps to"),
  json_schema: honoured(schemaOrText.optional(), "As guided_json"),
  guided_json: honoured(schemaOrText.optional(), "A JSON Schema that the output satisfies"),
  guided_regex: honoured(z.string().optional(), "A regular expression (ECMAScript) that the whole output matches"),
  guided_choice: honoured(choices.optional(), "Texts, one of which is the output"),
  guided_grammar: honoured(z.string().optional(), "As grammar"),
} as const satisfies FieldTable;

type ResponseFormatValues = Partial<FieldValues<typeof RESPONSE_FORMAT_FIELDS>>;

/** What the output is bound to, if to anything. Throws `request_invalid` where two fields bind it. */
export function grammarSourceOf(values: ResponseFormatValues): GrammarSource | undefined {
  const given = [
    { field: "response_format", source: formatSource(values.response_format) },
    { field: "grammar", source: gbnf(values.grammar) },
    { field: "json_schema", source: schema(values.json_schema) },
    { field: "guided_json", source: schema(values.guided_json) },
    { field: "guided_regex", source: regex(values.guided_regex) },
    {
      field: "guided_choice",
      source: values.guided_choice && ({ kind: "choice", texts: values.guided_choice } as const),
    },
    { field: "guided_grammar", source: gbnf(values.guided_grammar) },
  ].filter(({ source }) => source !== undefined);
  const [first, second] = given;
  if (second !== undefined) {
    fail("request_invalid", { field: second.field, problem: `bounds the output, as ${first?.field} does; send one` });
  }
  return first?.source;
}

function formatSource(format: ResponseFormatValues["response_format"]): GrammarSource | undefined {
  if (format === undefined || format.type === "text") return undefined;
  const given = format.type === "json_schema" ? format.json_schema.schema : format.schema;
  return given === undefined || given === null ? { kind: "json_object" } : { kind: "json_schema", schema: given };
}

export function textFormatSource(format: z.output<typeof textFormat> | null | undefined): GrammarSource | undefined {
  if (format === undefined || format === null || format.type === "text") return undefined;
  return format.type === "json_object" ? { kind: "json_object" } : schema(format.schema);
}

function schema(given: unknown): GrammarSource | undefined {
  return given === undefined ? undefined : { kind: "json_schema", schema: given };
}

function gbnf(grammar: string | undefined): GrammarSource | undefined {
  return grammar === undefined || grammar === "" ? undefined : { kind: "gbnf", grammar };
}

function regex(pattern: string | undefined): GrammarSource | undefined {
  return pattern === undefined ? undefined : { kind: "regex", pattern };
}
