/** What tenants are called in metrics: by their names, as long as they are few. */

/** Each histogram has some twenty lines for each label, and Prometheus keeps a series for each line. */
const MAX_NAMED = 100;
const OTHERS = "other";

export class TenantLabels {
  readonly #named = new Set<string>();

  /** The first hundred keep their names for good, so that no series changes its meaning; later ones are `other`. */
  of(name: string): string {
    if (this.#named.has(name)) return name;
    if (this.#named.size >= MAX_NAMED) return OTHERS;
    this.#named.add(name);
    return name;
  }
}
