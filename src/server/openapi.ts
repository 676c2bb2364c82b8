/** The API as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), from the server's own tables. */

import { z } from "zod";
import type { FieldRow, FieldTable } from "./fields/field-table.ts";
import type { Route } from "./routes.ts";

/** Bodies are checked as they come in: a field's schema is that of its input. */
const INPUT = { io: "input", unrepresentable: "any" } as const;

const ERROR_BODY = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});
const ANTHROPIC_ERROR_BODY = z.object({
  type: z.literal("error"),
  error: z.object({ type: z.string(), message: z.string() }),
  request_id: z.string(),
});

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
      schemas: { openaiError: schemaOf(ERROR_BODY), anthropicError: schemaOf(ANTHROPIC_ERROR_BODY) },
    },
  };
}

/** `/v1/models/:id{.+}` as `/v1/models/{id}`. */
export function openApiPath(path: string): string {
  return path.replaceAll(/:(\w+)(\{[^}]*\})?/g, "{$1}");
}

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "The same request under the same key runs once: sent again within 10 minutes it gets the same answer",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

function operation({ path, access, once, summary, fields, query = {}, dialect = "openai" }: Route): object {
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
    responses: { "200": { description: answerText(fields) }, default: errorAnswer(dialect) },
  };
}

function queryParameter(name: string, row: FieldRow): object {
  const { description, ...schema } = fieldSchema(row);
  return { name, in: "query", required: false, description, schema };
}

function answerText(fields: FieldTable | undefined): string {
  return fields !== undefined && "stream" in fields
    ? "The answer, or with stream its server-sent events"
    : "The answer";
}

function errorAnswer(dialect: string): object {
  const schema = { $ref: `#/components/schemas/${dialect}Error` };
  return { description: "What is wrong", content: { "application/json": { schema } } };
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
  const { $schema: _, ...rest } = z.toJSONSchema(schema, INPUT);
  return rest;
}
