/** Whether an address can be reached from other machines, and what that requires. */

import { isIP } from "node:net";
import { fail } from "../../base/errors.ts";

/** True for addresses that only this machine reaches; a name other than localhost is taken to be public. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

/** Throws `unsafe_binding` where anyone on the network could use the server. */
export function checkBinding(host: string, keysRequired: boolean, insecure: boolean): void {
  if (!keysRequired && !insecure && !isLoopback(host)) fail("unsafe_binding", { host });
}

/** A URL that a client on this machine can use: an address that means "all" is shown as loopback. */
export function urlOf(host: string, port: number, scheme: "http" | "https" = "http"): string {
  const shown = host === "0.0.0.0" ? "127.0.0.1" : host === "::" || host === "" ? "::1" : host;
  return `${scheme}://${isIP(shown) === 6 ? `[${shown}]` : shown}:${port}`;
}
