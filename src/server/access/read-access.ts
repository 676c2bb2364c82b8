/**
 * All that decides who is let in, read and checked before a socket is opened: by the server, and by `turnwise config
 * check`, which opens none.
 */

import type { Environment } from "../../base/environment.ts";
import { fail } from "../../base/errors.ts";
import type { ServerOptions } from "../options.ts";
import { type AdminAddress, parseAdminAddress } from "./admin-address.ts";
import { loadApiKeys, type LoadedKeys } from "./api-keys.ts";
import { checkBinding, isLoopback } from "./binding.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";

export interface Access {
  readonly keys: LoadedKeys;
  readonly tls: TlsFiles | null;
  /** Of `--admin-listen`; null without it. */
  readonly admin: AdminAddress | null;
}

/**
 * Throws `unsafe_binding` for an address that others reach without a key, `invalid_option`, and what reading the files
 * of keys and certificates throws.
 */
export function readAccess(options: ServerOptions, env: Environment): Access {
  const keys = loadApiKeys({
    file: options.apiKeyFile,
    single: env["TURNWISE_API_KEY"],
    admin: env["TURNWISE_ADMIN_KEY"],
    local: isLoopback(options.host),
  });
  checkBinding(options.host, keys.required, options.insecure);
  const admin = options.adminListen === null ? null : parseAdminAddress(options.adminListen);
  if (admin !== null && !admin.local && !keys.keys.some((key) => key.admin)) {
    const problem = `${admin.host} can be reached from other machines and needs an admin key (TURNWISE_ADMIN_KEY).`;
    fail("invalid_option", { option: "--admin-listen", problem });
  }
  return { keys, tls: readTlsFiles(options.tlsCert, options.tlsKey), admin };
}
