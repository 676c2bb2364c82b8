/** Whatever broke inside the engine, as the one error that requests end with. */

import { type TurnwiseError, turnwiseError } from "../base/errors.ts";

/** `engine_failed` with the reason once; `where` is put before it. */
export function engineFailure(thrown: unknown, where = ""): TurnwiseError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return turnwiseError("engine_failed", { reason: where === "" ? reason : `${where}: ${reason}` });
}
