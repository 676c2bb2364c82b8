/** Whose request it is, as the key says: the tenant's name, how it is served and what it may have. */

import type { RequestTenant } from "../engine/types.ts";

export interface Tenant extends Required<RequestTenant> {
  /** Requests in progress at once. */
  readonly maxRequests: number;
}

/** Everyone where no keys are configured, and everyone with a key of a plain key file. */
export const DEFAULT_TENANT: Tenant = { name: "default", priority: 0, kvShare: 1, maxRequests: Infinity };
