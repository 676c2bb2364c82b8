/** The API as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), from the server's own tables. */

import { z } from "zod";
import { ANSWER_SCHEMAS, type AnswerName, type AnswerNames, type RouteAnswer } from "./answers/answer-schemas.ts";
import type { Dialect } from "./dialects.ts";
import type { FieldRow, FieldTable } from "./fields/field-table.ts";
import { openApiPath } from "./openapi-path.ts";
import type { Route } from "./routes.ts";

/** Bodies are checked as they come in, and an answer may get fields: schemas are those of what is read. */
const INPUT = { io: "input", unrepresentable: "any", override: withoutSafeBounds } as const;

const ERRORS_OF = { openai: "Error", anthropic: "AnthropicError" } as const satisfies Record<Dialect, AnswerName>;

export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = openApiPath(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Turnwise", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        apiKey: { type: "apiKey", in: "header", name: "x-api-key" },
      },
      schemas: answerSchemas(),
    },
  };
}

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "The same request under the same key runs once: sent again within 10 minutes it gets the same answer",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

function operation({ path, access, once, summary, fields, answer, query = {}, dialect = "openai" }: Route): object {
  const names = [...openApiPath(path).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const parameters = [
    ...names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
    ...Object.entries(query).map(([name, row]) => queryParameter(name, row)),
    ...(once === true ? [IDEMPOTENCY_KEY] : []),
  ];
  return {
    summary,
    ...(access !== "anyone" ? { security: [{ bearer: [] }, { apiKey: [] }] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(fields === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: bodySchema(fields) } } } }),
    responses: { ...answerResponse(answer), default: json("What is wrong", refTo(ERRORS_OF[dialect])) },
  };
}

function queryParameter(name: string, row: FieldRow): object {
  const { description, ...schema } = fieldSchema(row);
  return { name, in: "query", required: false, description, schema };
}

/** By its status; nothing where the route only refuses. */
function answerResponse(answer: RouteAnswer): object {
  switch (answer.kind) {
    case "json":
      return { [answer.status ?? 200]: jsonAnswer(answer) };
    case "document": {
      const schema = { type: answer.contentType === "application/json" ? "object" : "string" };
      return { 200: { description: "The answer", content: { [answer.contentType]: { schema } } } };
    }
    case "redirect":
      return { [answer.status]: { description: "Elsewhere", headers: { Location: { schema: { type: "string" } } } } };
    case "refusal":
      return {};
    default:
      return answer satisfies never;
  }
}

function jsonAnswer({ bodies, events }: Extract<RouteAnswer, { readonly kind: "json" }>): object {
  const { content } = json("", oneOf(bodies));
  if (events === undefined) return { description: "The answer", content };
  return {
    description: "The answer; with stream server-sent events, whose data is described",
    content: { ...content, "text/event-stream": { schema: oneOf(events) } },
  };
}

const json = (description: string, schema: object) => ({
  description,
  content: { "application/json": { schema } },
});

const uriOf = (name: string): string => `#/components/schemas/${name}`;
const refTo = (name: AnswerName): object => ({ $ref: uriOf(name) });
const oneOf = (names: AnswerNames): object => (names.length === 1 ? refTo(names[0]) : { anyOf: names.map(refTo) });

/** All answers by name; where one is part of another, that refers to it. */
function answerSchemas(): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(ANSWER_SCHEMAS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { ...INPUT, uri: uriOf });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, withoutIdentity(schema)]));
}

/** Honoured fields by their schemas; the others are accepted as their notes say. */
function bodySchema(fields: FieldTable): object {
  const required = Object.entries(fields).filter(([, row]) => row.kind === "honoured" && isRequired(row.schema));
  return {
    type: "object",
    required: required.map(([name]) => name),
    properties: Object.fromEntries(Object.entries(fields).map(([name, row]) => [name, fieldSchema(row)])),
  };
}

const isRequired = (schema: z.ZodType): boolean => !schema.safeParse(undefined).success;

function fieldSchema(row: FieldRow): { readonly description: string } {
  switch (row.kind) {
    case "honoured":
      return { ...schemaOf(row.schema), description: row.note };
    case "inert":
      return { description: `Accepted and ignored. ${row.note}` };
    case "refused":
      return { description: `Refused. ${row.note}`, ...(row.neutral.length === 0 ? {} : { enum: row.neutral }) };
    default:
      return row satisfies never;
  }
}

function schemaOf(schema: z.ZodType): object {
  return withoutIdentity(z.toJSONSchema(schema, INPUT));
}

/** Without what says which document a schema is; here it is a part of one. */
function withoutIdentity({ $schema: _schema, $id: _id, ...schema }: z.core.JSONSchema.BaseSchema): object {
  return schema;
}

/** That an integer is one which JavaScript holds exactly goes without saying. */
function withoutSafeBounds({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}
