/** Errors of the native core as rows of the error table. */

import { TurnwiseError, fail } from "../base/errors.ts";

/** What a handle says after dispose(). */
const DISPOSED = "disposed";

/**
 * Runs `run`, a call into the native core; `call` names it for people. Throws `native_disposed` where
 * `handle` was disposed, else `native_failed` with the core's reason. Errors of the table, from what `run` calls on the way, pass unchanged.
 */
export function nativeCall<T>(handle: string, call: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TurnwiseError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === DISPOSED) return fail("native_disposed", { handle });
    return fail("native_failed", { call, reason });
  }
}
