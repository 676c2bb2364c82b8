/**
 * The `Host` header of requests that need no key because only this machine can send them. A web page can have a name
 * of its own lead to this machine (DNS rebinding), and then reads answers as its own; what it cannot choose is the
 * header, which has that name.
 */

import { fail } from "../../base/errors.ts";
import { isLoopback } from "./binding.ts";

/** Throws `host_refused` unless `host` is this machine's, or among `allowed`, names separated by commas. */
export function requireKnownHost(host: string | undefined, allowed: string | null): void {
  // Only HTTP/1.0 has none, which no browser speaks.
  if (host === undefined) return;
  const name = host.replace(/:\d*$/, "").toLowerCase();
  if (isLoopback(name.replace(/^\[(.*)\]$/, "$1"))) return;
  const names = allowed?.split(",").map((each) => each.trim().toLowerCase()) ?? [];
  if (!names.includes(name)) fail("host_refused", { host: JSON.stringify(name.slice(0, 100)) });
}
