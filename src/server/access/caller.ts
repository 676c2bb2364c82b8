/** Who sent a request, as its key says. */

import { DEFAULT_TENANT, type Tenant } from "../tenant.ts";
import type { RateMeter } from "./rate-meter.ts";

export interface Caller {
  readonly tenant: Tenant;
  /** May use the routes for operators. */
  readonly admin: "yes" | "no" | "from-this-machine";
  /** Null where the key has no limit a minute. */
  readonly meter: RateMeter | null;
  /** SHA-256 of the key in hex; null where none is asked for. */
  readonly key: string | null;
  /** What the key file calls it; null where nothing. */
  readonly keyName: string | null;
  /** Requests that the key may have in progress at once. */
  readonly maxRequests: number;
  /** Let in without a key, because only this machine reaches the address. */
  readonly local: boolean;
}

/** Everyone, where no key is asked for. */
export function openCaller({ admin, local }: Pick<Caller, "admin" | "local">): Caller {
  return { tenant: DEFAULT_TENANT, admin, meter: null, key: null, keyName: null, maxRequests: Infinity, local };
}

/** Headers that a browser's page or a proxy adds: the request did not begin with a program on this machine. */
const RELAYED = ["origin", "forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;

/** Whether `caller` may use an operator's route. */
export function isAdmin({ admin }: Caller, header: (name: string) => string | undefined): boolean {
  if (admin !== "from-this-machine") return admin === "yes";
  return RELAYED.every((name) => header(name) === undefined);
}
