/**
 * Who may use the server, and as which tenant. Only the SHA-256 of keys is kept, and a key is compared
 * with every one of them in constant time.
 */

import { timingSafeEqual } from "node:crypto";
import { fail } from "../base/errors.ts";
import { type KnownKey, plainKey, readKeyFile, sha256 } from "./key-file.ts";
import { DEFAULT_TENANT, type Tenant } from "./tenant.ts";

export interface ApiKeys {
  /** False: no key was configured and everyone may call. */
  readonly required: boolean;
  /**
   * The tenant whose key the headers carry, as `Authorization: Bearer KEY` or, as Anthropic's clients
   * send it, as `x-api-key: KEY`. Throws `invalid_api_key` unless it is a known one that has not expired.
   */
  identify(headers: KeyHeaders): Tenant;
}

export interface KeyHeaders {
  readonly authorization: string | undefined;
  readonly xApiKey: string | undefined;
}

/** Keys of `file` and `single`. Throws what `readKeyFile` throws. */
export function loadApiKeys(file: string | null, single: string | undefined): ApiKeys {
  const keys: KnownKey[] = file === null ? [] : readKeyFile(file);
  if (single !== undefined && single.trim() !== "") keys.push(plainKey(single.trim()));
  return {
    required: keys.length > 0,
    identify({ authorization, xApiKey }) {
      if (keys.length === 0) return DEFAULT_TENANT;
      const given = sha256(/^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1] ?? xApiKey?.trim() ?? "");
      let known: KnownKey | null = null;
      for (const key of keys) if (timingSafeEqual(key.digest, given)) known = key;
      if (known === null || known.expiresMs <= Date.now()) fail("invalid_api_key");
      return known.tenant;
    },
  };
}
