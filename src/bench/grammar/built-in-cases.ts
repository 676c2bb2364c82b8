/** The cases that need no data: a set of tools such as agents have, and the states that cost most. */

import { type GrammarCase, SET_TOOLS, type Tool, toolCase } from "./grammar-case.ts";

const TEXT = { type: "string", description: "free text" };
const DEPTH = 24;
const LISTED_VALUES = 2000;

/** The parameters of a coding agent's tools, of which each set takes what it needs. */
const PARAMETERS: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly string[]])[] = [
  ["read_file", { path: TEXT, first_line: { type: "integer", minimum: 1 }, lines: { type: "integer" } }, ["path"]],
  ["write_file", { path: TEXT, contents: { type: "string", maxLength: 5000 } }, ["path", "contents"]],
  ["search_code", { pattern: TEXT, glob: TEXT, mode: { enum: ["content", "files", "count"] } }, ["pattern"]],
  [
    "run_command",
    { command: TEXT, timeout_seconds: { type: "number", exclusiveMinimum: 0, maximum: 600 } },
    ["command"],
  ],
  [
    "book_flight",
    { from: { type: "string", pattern: "^[A-Z]{3}$" }, to: { type: "string", pattern: "^[A-Z]{3}$" } },
    ["from", "to"],
  ],
  [
    "create_event",
    { title: { type: "string", minLength: 1, maxLength: 80 }, start: { type: "string", format: "date-time" } },
    ["title"],
  ],
  [
    "send_mail",
    { to: { type: "array", items: { type: "string", format: "email" }, minItems: 1 }, body: TEXT },
    ["to", "body"],
  ],
  [
    "get_weather",
    { location: TEXT, unit: { enum: ["celsius", "fahrenheit"] }, days: { type: "integer", minimum: 1, maximum: 14 } },
    ["location"],
  ],
];

export function builtInTools(): readonly Tool[] {
  return Array.from({ length: SET_TOOLS }, (_, index) => {
    const [name = "", properties = {}, required = []] = PARAMETERS[index % PARAMETERS.length] ?? [];
    const parameters = { type: "object", properties, required, additionalProperties: false };
    return { name: `${name}_${index}`, parameters };
  });
}

export function builtInCases(): readonly GrammarCase[] {
  return [
    toolCase(`${SET_TOOLS} tools`, builtInTools()),
    schemaCase("maxLength 5000", object({ text: { type: "string", maxLength: 5000 } })),
    schemaCase("minLength 200", object({ text: { type: "string", minLength: 200, maxLength: 220 } })),
    schemaCase(`${DEPTH} levels`, nested(DEPTH)),
    schemaCase(`enum of ${LISTED_VALUES}`, object({ city: { enum: listed() } })),
    schemaCase(
      "patterns",
      object({
        id: { type: "string", pattern: "^[A-Z]{2}-\\d{4,8}(-[a-z]+)*$" },
        any: { type: "string", pattern: "^\\S+( \\S+){2,9}$" },
      }),
    ),
    schemaCase(
      "formats",
      object({
        at: { type: "string", format: "date-time" },
        mail: { type: "string", format: "email" },
        id: { type: "string", format: "uuid" },
      }),
    ),
    schemaCase("letters of all scripts", object({ name: { type: "string", pattern: "^[\\p{L}\\p{M}' -]{1,60}$" } })),
    schemaCase("keys that are not named", {
      type: "object",
      properties: { name: TEXT, note: TEXT },
      additionalProperties: { type: "number" },
    }),
    schemaCase("recursive", {
      $defs: {
        node: {
          type: "object",
          properties: { value: { type: "integer" }, children: { type: "array", items: { $ref: "#/$defs/node" } } },
          required: ["value"],
        },
      },
      $ref: "#/$defs/node",
    }),
    { name: "any JSON object", source: { kind: "json_object" } },
    {
      name: "GBNF arithmetic",
      source: { kind: "gbnf", grammar: 'root ::= term ([-+*/] term)*\nterm ::= [0-9]+ | "(" root ")"' },
    },
  ];
}

function schemaCase(name: string, schema: unknown): GrammarCase {
  return { name, source: { kind: "json_schema", schema } };
}

function object(properties: Readonly<Record<string, unknown>>): object {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}

function nested(depth: number): object {
  return depth === 0 ? { type: "string", maxLength: 12 } : object({ inner: nested(depth - 1) });
}

function listed(): readonly string[] {
  return Array.from({ length: LISTED_VALUES }, (_, index) => `city of number ${(index * 7919) % 100_000}`);
}
