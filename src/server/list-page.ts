/** Lists a page at a time, as OpenAI's API does: `limit`, and `after`, the id of the last item that the client has. */

import { fail } from "../base/errors.ts";
import type { RouteRequest } from "./server-context.ts";

/** OpenAI's limits of one page. */
const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;

/** The page of `items` that the request's query asks for. Throws `request_invalid`. */
export function listPage<Item extends { readonly id: string }>(
  { http }: RouteRequest,
  items: readonly Item[],
  show: (item: Item) => object,
): object {
  const after = http.req.query("after");
  const begin = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && begin === 0) fail("request_invalid", { field: "after", problem: "is no item's id" });
  const page = items.slice(begin, begin + pageLimit(http.req.query("limit")));
  return {
    object: "list",
    data: page.map(show),
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: begin + page.length < items.length,
  };
}

function pageLimit(given: string | undefined): number {
  if (given === undefined) return DEFAULT_PAGE;
  const limit = Number(given);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return limit;
  return fail("request_invalid", { field: "limit", problem: `expected a whole number from 1 to ${MAX_PAGE}` });
}
