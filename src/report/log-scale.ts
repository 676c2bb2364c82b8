/** A logarithmic axis: values to pixels, and the ticks 1, 2 and 5 of each decade. */

export interface LogScale {
  readonly low: number;
  readonly high: number;
  /** Pixel of a value; `from` and `to` are those of low and high. */
  pixel(value: number): number;
  readonly ticks: readonly number[];
}

/** An axis that shows all values, which are positive, with some room. */
export function logScale(values: readonly number[], from: number, to: number): LogScale {
  const low = Math.min(...values) / 1.6;
  const high = Math.max(...values) * 1.6;
  const span = Math.log(high / low);
  return {
    low,
    high,
    pixel: (value) => from + ((to - from) * Math.log(value / low)) / span,
    ticks: ticksBetween(low, high),
  };
}

/** Fewer where there are many decades. */
function ticksBetween(low: number, high: number): readonly number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const steps = last - first > 4 ? [1] : [1, 2, 5];
  const decades = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
  return decades
    .flatMap((decade) => steps.map((step) => Number((decade * step).toPrecision(6))))
    .filter((tick) => tick >= low && tick <= high);
}
