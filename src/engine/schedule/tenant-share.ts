/** What a tenant may have of the engine, and what it has had. */

export interface TenantShare {
  readonly name: string;
  /** Pages that it may hold, in all its domains: beyond that its own cache is evicted and its own sequences wait. */
  quota: number;
  /** Pages that it holds. Counted by `PagePool`, as is the next. */
  used: number;
  /** Of those, pages that only the cache holds. */
  evictable: number;
  /** Its part of the machine, against the weights of others that want it too. */
  weight: number;
  /** Work done for it, divided by its weight: its own clock. Kept by `FairShares`, as is the next. */
  served: number;
  /** Sequences in the scheduler's hands. */
  live: number;
}

export function makeTenantShare(name: string, quota = Infinity, weight = 1): TenantShare {
  return { name, quota, weight, used: 0, evictable: 0, served: 0, live: 0 };
}
