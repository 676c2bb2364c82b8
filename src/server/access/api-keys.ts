/**
 * Who may use the server, and as which tenant. Only the SHA-256 of keys is kept, and a key is compared
 * with every one of them in constant time.
 */

import { timingSafeEqual } from "node:crypto";
import { fail } from "../../base/errors.ts";
import { type Caller, openCaller } from "./caller.ts";
import { type KnownKey, plainKey, readKeyFile, sha256 } from "./key-file.ts";
import { RateMeter } from "./rate-meter.ts";

export interface KeyHeaders {
  readonly authorization: string | undefined;
  readonly xApiKey: string | undefined;
}

export interface KeySources {
  readonly file: string | null;
  /** A key for everything but the operator's routes, and one for those as well. */
  readonly single: string | undefined;
  readonly admin: string | undefined;
  /** Only this machine reaches the server. Without any key, whoever does is its operator. */
  readonly local: boolean;
}

export class ApiKeys {
  #keys: readonly KnownKey[] = [];
  #required = false;
  #open: Caller = openCaller({ admin: "no", local: false });
  /** By the key's digest in hex: what a key has used outlives a reload. */
  #meters = new Map<string, RateMeter>();

  /** False: no key was configured and everyone may call. */
  get required(): boolean {
    return this.#required;
  }

  /** Takes the keys that `check` has read. */
  take({ keys, required, open }: LoadedKeys): void {
    const meters = new Map<string, RateMeter>();
    for (const { digest, limits } of keys) {
      if (limits === null) continue;
      const id = digest.toString("hex");
      const meter = this.#meters.get(id) ?? new RateMeter(limits);
      meter.setLimits(limits);
      meters.set(id, meter);
    }
    this.#keys = keys;
    this.#required = required;
    this.#open = open;
    this.#meters = meters;
  }

  /**
   * Whose key the headers carry, as `Authorization: Bearer KEY` or, as Anthropic's clients send it, as
   * `x-api-key: KEY`. Throws `invalid_api_key` unless it is a known one that has not expired.
   */
  identify({ authorization, xApiKey }: KeyHeaders): Caller {
    const given = sha256(/^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1] ?? xApiKey?.trim() ?? "");
    let known: KnownKey | null = null;
    for (const key of this.#keys) if (timingSafeEqual(key.digest, given)) known = key;
    if (known !== null && known.expiresMs > Date.now()) {
      const { tenant, name, admin, maxRequests } = known;
      const key = known.digest.toString("hex");
      return {
        tenant,
        admin: admin ? "yes" : "no",
        meter: this.#meters.get(key) ?? null,
        key,
        keyName: name,
        maxRequests,
        local: false,
      };
    }
    return this.#required ? fail("invalid_api_key") : this.#open;
  }
}

export interface LoadedKeys {
  readonly keys: readonly KnownKey[];
  readonly required: boolean;
  readonly open: Caller;
}

/** Throws what `readKeyFile` throws. */
export function loadApiKeys({ file, single, admin, local }: KeySources): LoadedKeys {
  const keys: KnownKey[] = file === null ? [] : readKeyFile(file);
  if (isGiven(single)) keys.push(plainKey(single.trim(), false));
  const required = keys.length > 0;
  if (isGiven(admin)) keys.push(plainKey(admin.trim(), true));
  const open = openCaller({ admin: keys.length === 0 && local ? "from-this-machine" : "no", local });
  return { keys, required, open };
}

const isGiven = (key: string | undefined): key is string => key !== undefined && key.trim() !== "";
