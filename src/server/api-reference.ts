/** The tables of `docs/http-api.md`, from the server's own. `scripts/generate-http-docs.ts` writes them. */

import { ERRORS } from "../base/errors.ts";
import type { ErrorCode } from "../base/errors.ts";
import { answerColumn } from "./answer-column.ts";
import { ERROR_MAP } from "./error-map.ts";
import { MESSAGE_FIELDS } from "./fields/chat-messages.ts";
import type { FieldTable } from "./fields/field-table.ts";
import { KEY_COLUMN } from "./key-column.ts";
import { openApiPath } from "./openapi-path.ts";
import { ROUTES } from "./routes.ts";

/** What lies between these lines of the document is generated. */
const BEGIN = "<!-- Made by `npx tsx scripts/generate-http-docs.ts` from the server's tables; do not edit below. -->";
const END = "<!-- End of the generated part. -->";

/** `document` with its generated part made anew. */
export function updateReference(document: string): string {
  const [before = "", rest = ""] = document.split(BEGIN);
  const [, after = ""] = rest.split(END);
  return `${before}${BEGIN}\n\n${renderReference()}\n\n${END}${after}`;
}

function renderReference(): string {
  return [
    "## Routes",
    routeTable(),
    "Answers are described under these names in `/openapi.json`; an error is an `Error`, by Anthropic's API an `AnthropicError`.",
    ...routesWithFields().flatMap(({ path, fields }) => [`## Fields of ${openApiPath(path)}`, fieldTables(fields)]),
    "## Fields of a message",
    fieldTables(MESSAGE_FIELDS),
    "## Errors",
    "Errors of status 500 have the code `null`: they are the server's own, and their reason is in its log.",
    errorTable(),
  ].join("\n\n");
}

/** `count_tokens` takes a part of the fields of `/v1/messages`; a table of its own would only repeat them. */
function routesWithFields(): { readonly path: string; readonly fields: FieldTable }[] {
  return ROUTES.flatMap(({ path, fields }) =>
    fields === undefined || path.endsWith("/count_tokens") ? [] : [{ path, fields }],
  );
}

function routeTable(): string {
  const rows = ROUTES.map(({ method, path, summary, access, answer }) => [
    `\`${method} ${openApiPath(path)}\``,
    summary,
    KEY_COLUMN[access],
    answerColumn(answer, (name) => `\`${name}\``),
  ]);
  return markdownTable(["Route", "What it does", "API key", "Answer"], rows);
}

function fieldTables(table: FieldTable): string {
  const rows = (kind: "honoured" | "inert" | "refused"): string[][] =>
    Object.entries(table).flatMap(([name, row]) => (row.kind === kind ? [[`\`${name}\``, ...describeRow(row)]] : []));
  const parts = [markdownTable(["Honoured", "Values and meaning"], rows("honoured"))];
  if (rows("inert").length > 0)
    parts.push(markdownTable(["Ignored", "Why it cannot change the answer"], rows("inert")));
  if (rows("refused").length > 0) parts.push(markdownTable(["Refused", "Accepted as", "Instead"], rows("refused")));
  return parts.join("\n\n");
}

function describeRow(row: FieldTable[string]): string[] {
  if (row.kind !== "refused") return [row.note];
  return [row.neutral.map((value) => `\`${JSON.stringify(value)}\``).join(", "), row.note];
}

function errorTable(): string {
  const rows = (Object.keys(ERROR_MAP) as ErrorCode[])
    // Status 499 is seen by the log and the metrics only: its client has gone.
    .filter((code) => ERROR_MAP[code].status !== 500 && ERROR_MAP[code].status !== 499)
    .toSorted((left, right) => ERROR_MAP[left].status - ERROR_MAP[right].status)
    .map((code) => [String(ERROR_MAP[code].status), `\`${code}\``, ERRORS[code].message]);
  return markdownTable(["Status", "Code", "Message"], rows);
}

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}
