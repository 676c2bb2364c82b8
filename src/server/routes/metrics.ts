/** `GET /metrics` in Prometheus' text format. */

import type { RouteRequest } from "../server-context.ts";

export async function metrics({ http, server }: RouteRequest): Promise<Response> {
  const { engine, openRequests } = server.lifecycle;
  const scraped = engine === null ? null : { stats: await engine.stats(), capacity: engine.capacity };
  return http.text(server.metrics.render(scraped, openRequests), 200, {
    "content-type": "text/plain; version=0.0.4; charset=utf-8",
  });
}
