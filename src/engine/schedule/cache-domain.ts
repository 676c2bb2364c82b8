/**
 * Who may share pages with whom. Sequences of one domain find each other's prefixes and nobody else's:
 * what a tenant can learn from its hits and misses is its own history.
 */

/** What a tenant holds of the pool, in all its domains. Counted by `PagePool`. */
export interface TenantPages {
  readonly name: string;
  /** That it may hold: beyond that its own cache is evicted, and its sequences wait. */
  readonly quota: number;
  used: number;
}

/** A tenant's cache, or a part of it that the tenant keeps apart. Domains are equal when their keys are. */
export interface CacheDomain {
  readonly key: string;
  /** Its pages are the operator's, and every domain may read them. */
  readonly isPublic: boolean;
  readonly tenant: TenantPages;
}

/** The domains of orders; each tenant is counted once. */
export class CacheDomains {
  readonly #tenants = new Map<string, TenantPages>();
  /** Of prefixes that the operator publishes. */
  readonly everyone: CacheDomain = {
    key: "everyone",
    isPublic: true,
    tenant: { name: "everyone", quota: Infinity, used: 0 },
  };

  /** `cacheKey` subdivides the tenant's cache; "" is its undivided one. The first quota that is given holds. */
  of(tenant: string, cacheKey: string, quota = Infinity): CacheDomain {
    let pages = this.#tenants.get(tenant);
    if (pages === undefined) {
      pages = { name: tenant, quota, used: 0 };
      this.#tenants.set(tenant, pages);
    }
    return { key: JSON.stringify([tenant, cacheKey]), isPublic: false, tenant: pages };
  }
}
