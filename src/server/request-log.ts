/**
 * The log: JSON lines on stderr by pino, one for each request. A line names the tenant and the key as the key file
 * does. It holds no prompt, output, key or error text of a client's making; `--log-prompts` adds lines that hold the
 * first two.
 */

import { pino } from "pino";
import type { DestinationStream, Logger } from "pino";
import type { TurnwiseError } from "../base/errors.ts";
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

/**
 * Written when the answer is complete or the request has failed; a stream's line comes at its end. `logPrompts`: texts
 * that may quote the request are written too.
 */
export function logRequest(logger: Logger, scope: RequestScope, logPrompts: boolean): void {
  const { error, usage, timings, caller } = scope;
  const line = {
    id: scope.id,
    method: scope.method,
    route: scope.route,
    status: error === null ? scope.status : errorStatus(error),
    // Without keys everyone is the same tenant.
    ...(caller.key === null ? {} : { tenant: caller.tenant.name }),
    ...(caller.keyName === null ? {} : { key: caller.keyName }),
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
  // The only trace of a server error's cause: the client got none.
  if (error !== null && line.status >= 500) logger.error({ ...line, ...traceOf(error, logPrompts) }, "request");
  else logger.info(line, "request");
}

/**
 * What failed and where. An exception that is not of the error table may quote the request in its text, so that only
 * its kind and its place are told.
 */
function traceOf(error: TurnwiseError, withTexts: boolean): { readonly reason: string; readonly stack: string } {
  const thrown = error.cause ?? error;
  if (!(thrown instanceof Error)) return { reason: withTexts ? error.message : typeof thrown, stack: "" };
  const { name, message, stack = "" } = thrown;
  if (withTexts || thrown === error) return { reason: error.message, stack };
  // The stack begins with the text.
  const frames = stack
    .replace(message, "")
    .split("\n")
    .filter((line) => /^ +at /.test(line));
  return { reason: name, stack: frames.join("\n") };
}
