/** Distributions that workloads draw from; `random` is uniform in [0, 1). */

/** Exponentially distributed, of mean 1. */
export function exponential(random: () => number): number {
  return -Math.log(1 - random());
}

/** Standard normal, by Box and Muller (1958). */
export function normal(random: () => number): number {
  return Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random());
}

/** Gamma distributed with `shape` > 0 and mean 1, by Marsaglia and Tsang (2000). */
export function gamma(random: () => number, shape: number): number {
  // Below 1 a sample of shape + 1 is scaled down.
  const boost = shape < 1 ? (1 - random()) ** (1 / shape) : 1;
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return (boost * d * v) / shape;
  }
}
