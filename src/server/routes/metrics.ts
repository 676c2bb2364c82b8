/** `GET /metrics` in Prometheus' text format. */

import type { RouteRequest } from "../server-context.ts";

export async function metrics({ http, server }: RouteRequest): Promise<Response> {
  const { engine, openRequests } = server.lifecycle;
  const stats = engine === null ? null : await engine.stats();
  return http.text(server.metrics.render(stats, openRequests), 200, {
    "content-type": "text/plain; version=0.0.4; charset=utf-8",
  });
}
