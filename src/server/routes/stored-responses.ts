/** Reading and deleting stored responses: `/v1/responses/{id}` and what lies below it. */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { type FieldTable, honoured, parseFields } from "../fields/field-table.ts";
import { listPage, PAGE_QUERY } from "../list-page.ts";
import type { OutputItem } from "../answers/response-answers.ts";
import type { InputItem } from "../responses/response-items.ts";
import type { StoredResponse } from "../responses/response-store.ts";
import type { RouteRequest } from "../server-context.ts";

/** The query of `input_items`. */
export const ITEMS_QUERY = {
  ...PAGE_QUERY,
  order: honoured(z.literal(["asc", "desc"]).default("desc"), "desc, the default: the last item comes first"),
} as const satisfies FieldTable;

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
  const { order } = parseFields(ITEMS_QUERY, http.req.query(), false).values;
  const ordered = order === "asc" ? items : items.toReversed();
  return http.json(listPage(request, ordered, (item) => item));
}

function storedResponse({ http, scope, server }: RouteRequest): StoredResponse {
  const id = http.req.param("id") ?? "";
  return server.responses.get(scope.tenant.name, id)?.stored ?? fail("response_not_found", { id: id.slice(0, 200) });
}
