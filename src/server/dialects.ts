/** How each API tells of a request and its errors: what its client libraries look for. */

import type { TurnwiseError } from "../base/errors.ts";
import { anthropicErrorBody, anthropicStatus } from "./anthropic/anthropic-errors.ts";
import { errorBody, errorStatus } from "./error-map.ts";
import { REQUEST_ID_HEADER } from "./request-id.ts";

export type Dialect = "openai" | "anthropic";

interface DialectRow {
  /** The header that carries the request's id, besides `x-request-id`. */
  readonly idHeader: string;
  status(error: TurnwiseError): number;
  /** `requestId` leads an operator from the client's message to the log line that has the reason. */
  body(error: TurnwiseError, requestId: string): object;
}

export const DIALECTS: Readonly<Record<Dialect, DialectRow>> = {
  openai: { idHeader: REQUEST_ID_HEADER, status: errorStatus, body: errorBody },
  anthropic: { idHeader: "request-id", status: anthropicStatus, body: anthropicErrorBody },
};
