/** Reading and deleting stored responses: `/v1/responses/{id}` and what lies below it. */

import { fail } from "../../base/errors.ts";
import type { InputItem, OutputItem } from "../responses/response-items.ts";
import type { StoredResponse } from "../responses/response-store.ts";
import type { RouteRequest } from "../server-context.ts";

/** OpenAI's limits of one page of input items. */
const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;

export function getResponse(request: RouteRequest): Response {
  return request.http.json(storedResponse(request).response);
}

export function deleteResponse(request: RouteRequest): Response {
  const { id } = storedResponse(request).response;
  request.server.responses.delete(request.scope.tenant.name, id);
  return request.http.json({ id, object: "response", deleted: true });
}

/** Only a response that runs in the background could be cancelled by its id, and none does. */
export function cancelResponse(request: RouteRequest): Response {
  const { response } = storedResponse(request);
  return fail("request_invalid", {
    field: "id",
    problem: `the response is ${response.status}; close the connection to cancel one that runs`,
  });
}

export function listInputItems(request: RouteRequest): Response {
  const { http } = request;
  const stored = storedResponse(request);
  const chain: StoredResponse[] = [];
  for (let at: StoredResponse | null = stored; at !== null; at = at.previous) chain.push(at);
  const items: (InputItem | OutputItem)[] = [];
  for (const one of chain.toReversed()) items.push(...one.input, ...(one === stored ? [] : one.output));
  const ordered = http.req.query("order") === "asc" ? items : items.toReversed();
  const after = http.req.query("after");
  const begin = after === undefined ? 0 : ordered.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && begin === 0) fail("request_invalid", { field: "after", problem: "is no item's id" });
  const data = ordered.slice(begin, begin + pageLimit(http.req.query("limit")));
  return http.json({
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: begin + data.length < ordered.length,
  });
}

function storedResponse({ http, scope, server }: RouteRequest): StoredResponse {
  const id = http.req.param("id") ?? "";
  return server.responses.get(scope.tenant.name, id) ?? fail("response_not_found", { id: id.slice(0, 200) });
}

function pageLimit(given: string | undefined): number {
  if (given === undefined) return DEFAULT_PAGE;
  const limit = Number(given);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return limit;
  return fail("request_invalid", { field: "limit", problem: `expected a whole number from 1 to ${MAX_PAGE}` });
}
