/** Lists a page at a time, as OpenAI's API does. */

import { z } from "zod";
import { fail } from "../base/errors.ts";
import { type FieldTable, honoured, parseFields } from "./fields/field-table.ts";
import type { RouteRequest } from "./server-context.ts";

/** OpenAI's limits of one page. */
const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;

/** The query of a list. */
export const PAGE_QUERY = {
  limit: honoured(
    z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE),
    `Items of a page: 1 to ${MAX_PAGE}, default ${DEFAULT_PAGE}`,
  ),
  after: honoured(z.string().optional(), "The id of the last item that the client has; the page begins behind it"),
} as const satisfies FieldTable;

interface Page<Shown> {
  readonly object: "list";
  readonly data: readonly Shown[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/** The page of `items` that the request's query asks for. Throws `request_invalid`. */
export function listPage<Item extends { readonly id: string }, Shown>(
  { http }: RouteRequest,
  items: readonly Item[],
  show: (item: Item) => Shown,
): Page<Shown> {
  const { after, limit } = parseFields(PAGE_QUERY, http.req.query(), false).values;
  const begin = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && begin === 0) fail("request_invalid", { field: "after", problem: "is no item's id" });
  const page = items.slice(begin, begin + limit);
  return {
    object: "list",
    data: page.map(show),
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: begin + page.length < items.length,
  };
}
