/** Who sent a request, as its key says. */

import { DEFAULT_TENANT, type Tenant } from "../tenant.ts";
import type { RateMeter } from "./rate-meter.ts";

export interface Caller {
  readonly tenant: Tenant;
  /** May use the routes for operators. */
  readonly admin: "yes" | "no" | "from-this-machine";
  /** Null where the key has no limit a minute. */
  readonly meter: RateMeter | null;
}

/** Everyone, where no keys are configured. */
export function openCaller(admin: Caller["admin"]): Caller {
  return { tenant: DEFAULT_TENANT, admin, meter: null };
}

/** Headers that a browser's page or a proxy adds: the request did not begin with a program on this machine. */
const RELAYED = ["origin", "forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;

/** Whether `caller` may use an operator's route. */
export function isAdmin({ admin }: Caller, header: (name: string) => string | undefined): boolean {
  if (admin !== "from-this-machine") return admin === "yes";
  return RELAYED.every((name) => header(name) === undefined);
}
