/** The id by which a client, the log and an error message speak of one request. */

import { randomUUID } from "node:crypto";

export const REQUEST_ID_HEADER = "x-request-id";

/** Long enough for any tracing system's id, short enough to repeat in each log line. */
const MAX_REQUEST_ID_LENGTH = 128;

/** Printable ASCII without spaces: safe in a header, a log line and a shell. */
const PRINTABLE = /^[\x21-\x7e]+$/;

/** The client's own id where it is usable, else a new one. */
export function requestIdFrom(header: string | undefined): string {
  if (header !== undefined && header.length <= MAX_REQUEST_ID_LENGTH && PRINTABLE.test(header)) return header;
  return `req-${randomUUID()}`;
}
