/**
 * Who may share pages with whom. Sequences of one domain find each other's prefixes and nobody else's:
 * what a tenant can learn from its hits and misses is its own history.
 */

import { makeTenantShare, type TenantShare } from "./tenant-share.ts";

/** A tenant's cache, or a part of it that the tenant keeps apart. Domains are equal when their keys are. */
export interface CacheDomain {
  readonly key: string;
  /** Its pages are the operator's, and every domain may read them. */
  readonly isPublic: boolean;
  readonly tenant: TenantShare;
}

/** Fewer tenants are not looked through for those that have nothing any more. */
const FEW_TENANTS = 256;

/** The domains of orders; each tenant is counted once. */
export class CacheDomains {
  readonly #tenants = new Map<string, TenantShare>();
  #forgetAt = FEW_TENANTS;
  /** Of prefixes that the operator publishes. */
  readonly everyone: CacheDomain = { key: "everyone", isPublic: true, tenant: makeTenantShare("everyone") };

  /** `cacheKey` subdivides the tenant's cache; "" is its undivided one. */
  of(tenant: string, cacheKey: string, quota = Infinity, weight = 1): CacheDomain {
    let share = this.#tenants.get(tenant);
    if (share === undefined) {
      share = makeTenantShare(tenant, quota, weight);
      this.#tenants.set(tenant, share);
    }
    share.weight = weight;
    // What runs was let in for fitting its quota: a smaller one has to wait for its end.
    if (share.live === 0 || quota > share.quota) share.quota = quota;
    return { key: domainKey(tenant, cacheKey), isPublic: false, tenant: share };
  }

  /**
   * Forgets tenants that have no page and nothing under way: names come from callers, without end. `held` are the
   * domains of what is under way; they are asked for each time that the tenants have doubled.
   */
  forgetIdle(held: () => Iterable<CacheDomain>): void {
    if (this.#tenants.size < this.#forgetAt) return;
    const wanted = new Set(Array.from(held(), ({ tenant }) => tenant));
    for (const [name, share] of this.#tenants) {
      if (share.used === 0 && share.live === 0 && !wanted.has(share)) this.#tenants.delete(name);
    }
    this.#forgetAt = Math.max(FEW_TENANTS, 2 * this.#tenants.size);
  }

  /** One that has been named before; null where the tenant is not known. */
  find(tenant: string, cacheKey: string): CacheDomain | null {
    const share = this.#tenants.get(tenant);
    return share === undefined ? null : { key: domainKey(tenant, cacheKey), isPublic: false, tenant: share };
  }
}

function domainKey(tenant: string, cacheKey: string): string {
  return JSON.stringify([tenant, cacheKey]);
}
