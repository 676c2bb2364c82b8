/**
 * The log: JSON lines on stderr by pino, one for each request. A line holds no prompt, output, key or
 * error text of a client's making; `--log-prompts` adds lines that hold the first two.
 */

import { pino } from "pino";
import type { DestinationStream, Logger } from "pino";
import { errorStatus } from "./error-map.ts";
import type { ServerOptions } from "./options.ts";
import type { RequestScope } from "./request-scope.ts";

export type { Logger } from "pino";

export function createLogger(level: ServerOptions["logLevel"], destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
}

/** Written when the answer is complete or the request has failed; a stream's line comes at its end. */
export function logRequest(logger: Logger, scope: RequestScope): void {
  const { error, usage, timings } = scope;
  const line = {
    id: scope.id,
    method: scope.method,
    route: scope.route,
    status: error === null ? scope.status : errorStatus(error),
    ...(scope.promptTokens === null ? {} : { promptTokens: scope.promptTokens }),
    ...(usage === null ? {} : { outputTokens: usage.outputTokens, cachedTokens: usage.cachedTokens }),
    ...(timings === null
      ? {}
      : {
          queueMs: Math.round(timings.queueMs),
          prefillMs: Math.round(timings.prefillMs),
          decodeMs: Math.round(timings.decodeMs),
        }),
    totalMs: Math.round(scope.elapsedMs()),
    ...(error === null ? {} : { error: error.code }),
  };
  // A server error's own text is the only trace of its cause: the client got none.
  if (error !== null && line.status >= 500) {
    const { stack } = error.cause instanceof Error ? error.cause : error;
    logger.error({ ...line, reason: error.message, stack }, "request");
  } else logger.info(line, "request");
}
