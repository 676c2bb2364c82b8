/** Anthropic's error statuses and shape (https://docs.anthropic.com/en/api/errors). */

import type { TurnwiseError } from "../../base/errors.ts";
import type { AnthropicErrorAnswer } from "../answers/error-answers.ts";
import { clientMessage, errorStatus } from "../error-map.ts";

/** Anthropic's own status for a server that is overloaded; its clients try again later. */
const OVERLOADED = 529;

const TYPES: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  504: "timeout_error",
  [OVERLOADED]: "overloaded_error",
};

/** A limit of the key or the tenant is a 429; a queue that is full for everyone is the server's overload. */
export function anthropicStatus(error: TurnwiseError): number {
  if (error.code === "queue_full") return OVERLOADED;
  const status = errorStatus(error);
  return status === 503 ? OVERLOADED : status;
}

export function anthropicErrorBody(error: TurnwiseError, requestId: string): AnthropicErrorAnswer {
  const type = TYPES[anthropicStatus(error)] ?? "invalid_request_error";
  return { type: "error", error: { type, message: clientMessage(error, requestId) }, request_id: requestId };
}
