/** `GET /health`: the process answers. `GET /ready`: it takes requests. Both are open to anyone and say nothing else. */

import { turnwiseError } from "../../base/errors.ts";
import { errorBody, retryAfterSeconds } from "../error-map.ts";
import { describePhase } from "../lifecycle.ts";
import type { RouteRequest } from "../server-context.ts";

export function health({ http }: RouteRequest): Response {
  return http.json({ status: "ok" });
}

/** 503 with the reason while the model loads, where it could not be loaded, and from the start of a drain. */
export function ready({ http, server, scope }: RouteRequest): Response {
  const { phase } = server.lifecycle;
  if (phase === "ready") return http.json({ status: "ready" });
  const error =
    phase === "draining" ? turnwiseError("draining") : turnwiseError("not_ready", { state: describePhase(phase) });
  http.header("retry-after", String(retryAfterSeconds(error) ?? 1));
  return http.json({ status: phase, ...errorBody(error, scope.id) }, 503);
}
