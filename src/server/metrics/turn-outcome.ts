/** How a turn that was accepted ended, as a label of metrics. */

import type { TurnwiseError } from "../../base/errors.ts";
import { CLIENT_CLOSED, errorStatus } from "../error-map.ts";

export type TurnOutcome = "ok" | "cancelled" | "timed_out" | "failed";

/** `error` is what it ended with; null where it was answered. */
export function turnOutcome(error: TurnwiseError | null): TurnOutcome {
  if (error === null) return "ok";
  if (errorStatus(error) === CLIENT_CLOSED) return "cancelled";
  return error.code === "deadline_exceeded" || error.code === "request_timeout" ? "timed_out" : "failed";
}
