/** Whose request it is, as the key says: the tenant's name, how it is served and what it may have. */

import { DEFAULT_TENANT as DEFAULT_ENGINE_TENANT } from "../engine/step/order.ts";
import type { RequestTenant } from "../engine/types.ts";
import { DEFAULT_MAX_SESSIONS } from "../turns/session-store.ts";

export interface Tenant extends Required<RequestTenant> {
  /** Sessions it may have. */
  readonly maxSessions: number;
  /** From its acceptance by the engine a request has so long to end. */
  readonly turnTimeoutMs: number;
}

/** Everyone where no keys are configured, and everyone with a key of a plain key file. */
export const DEFAULT_TENANT: Tenant = {
  ...DEFAULT_ENGINE_TENANT,
  maxSessions: DEFAULT_MAX_SESSIONS,
  turnTimeoutMs: Infinity,
};
