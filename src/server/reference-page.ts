/** The API's reference as a page that works without a network, from the server's own tables. */

import { answerColumn } from "./answer-column.ts";
import { type PagePart, renderPage } from "../report/html-page.ts";
import type { FieldRow, FieldTable } from "./fields/field-table.ts";
import { KEY_COLUMN } from "./key-column.ts";
import { openApiPath } from "./openapi-path.ts";
import type { Route } from "./routes.ts";

export function referencePage(routes: readonly Route[], version: string): string {
  const rows = routes.map(({ method, path, summary, access, answer }) => [
    `${method} ${openApiPath(path)}`,
    summary,
    KEY_COLUMN[access],
    answerColumn(answer),
  ]);
  return renderPage(`Turnwise ${version}: HTTP API`, [
    {
      kind: "text",
      text: "The same as an OpenAPI document, with the schemas of the answers that are named here: /openapi.json",
    },
    { kind: "table", head: ["Route", "What it does", "API key", "Answer"], rows },
    ...routes.flatMap(({ path, fields }) => (fields === undefined ? [] : fieldParts(openApiPath(path), fields))),
  ]);
}

function fieldParts(path: string, fields: FieldTable): PagePart[] {
  const rows = Object.entries(fields).map(([name, row]) => [name, USE[row.kind], row.note]);
  return [
    { kind: "heading", text: `Fields of ${path}` },
    { kind: "table", head: ["Field", "", "Note"], rows },
  ];
}

const USE: Readonly<Record<FieldRow["kind"], string>> = { honoured: "used", inert: "ignored", refused: "refused" };
