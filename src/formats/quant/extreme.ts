/** The first value of largest magnitude among `count` from `start` on; 0 where all are. */
export function extreme(values: ArrayLike<number>, start: number, count: number): number {
  let value = 0;
  for (let index = start; index < start + count; index += 1) {
    const candidate = values[index] ?? 0;
    if (Math.abs(candidate) > Math.abs(value)) value = candidate;
  }
  return value;
}
