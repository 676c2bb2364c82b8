/** `--admin-listen [ADDRESS:]PORT`: where the operator's routes are. */

import { fail } from "../../base/errors.ts";
import { isLoopback } from "./binding.ts";

export interface AdminAddress {
  readonly host: string;
  readonly port: number;
  /** Only this machine reaches it, so no key is asked for. */
  readonly local: boolean;
}

/** Without an address, loopback. Throws `invalid_option`. */
export function parseAdminAddress(text: string): AdminAddress {
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65535) {
    fail("invalid_option", { option: "--admin-listen", problem: "expected PORT or ADDRESS:PORT." });
  }
  const host = (match[1] ?? "127.0.0.1").replace(/^\[(.*)\]$/, "$1");
  return { host, port, local: isLoopback(host) };
}
