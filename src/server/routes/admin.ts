/** The operator's routes: what all tenants have, and the server's end. */

import type { DrainAnswer, TenantList } from "../answers/operator-answers.ts";
import type { RouteRequest } from "../server-context.ts";

/** `GET /admin/tenants`: those that have anything here now. */
export function listTenants({ http, server }: RouteRequest): Response {
  const { lifecycle, sessions, responses } = server;
  const open = lifecycle.openRequestsByTenant();
  const counts = sessions.countByTenant();
  const names = new Set([...open.keys(), ...counts.keys(), ...responses.owners()]);
  const data = [...names].toSorted().map((tenant) => ({
    tenant,
    requests_in_progress: open.get(tenant) ?? 0,
    sessions: counts.get(tenant) ?? 0,
    stored_response_bytes: responses.bytesOf(tenant),
  }));
  return http.json({ object: "list", data } satisfies TenantList);
}

/** `POST /drain`: as SIGTERM does. Running requests finish within --drain-timeout; asking again hurries nothing. */
export function drain({ http, server }: RouteRequest): Response {
  const { lifecycle } = server;
  if (lifecycle.phase !== "draining") server.drain("POST /drain");
  // This request is one of the open ones.
  const answer: DrainAnswer = { status: "draining", requests_in_progress: lifecycle.openRequests - 1 };
  return http.json(answer, 202);
}
