/** `GET /openapi.json`, `GET /docs` and `GET /`: what this server's API is, for programs and for people. */

import type { RouteRequest } from "../server-context.ts";

export async function openApi({ http, server }: RouteRequest): Promise<Response> {
  return http.json(await server.reference.openApi());
}

export function docs({ http, server }: RouteRequest): Response {
  return http.html(server.reference.page());
}

/** Whoever opens the address that the start printed. */
export function toDocs({ http }: RouteRequest): Response {
  return http.redirect("/docs");
}
