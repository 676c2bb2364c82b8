/** An axis of a plot: from values to pixels, and the values that are worth a label. */

export interface Axis {
  readonly label: string;
  readonly scale: "linear" | "log";
}

export interface PlacedAxis {
  /** Pixels from the plot's left or lower edge. */
  place(value: number): number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

const MOST_TICKS = 7;
/** A log axis with no more decades than this also gets 2 and 5. */
const FEW_DECADES = 2;

/** An axis of `pixels` over `values`; those that are not finite, or not above 0 on a log axis, do not count. */
export function placeAxis({ scale }: Axis, values: readonly number[], pixels: number): PlacedAxis {
  const usable = values.filter((value) => Number.isFinite(value) && (scale === "linear" || value > 0));
  const low = usable.length === 0 ? 1 : Math.min(...usable);
  const high = usable.length === 0 ? 10 : Math.max(...usable);
  return scale === "linear" ? linearAxis(Math.min(0, low), high, pixels) : logAxis(low, high, pixels);
}

function linearAxis(low: number, high: number, pixels: number): PlacedAxis {
  const span = high > low ? high - low : 1;
  const rough = span / (MOST_TICKS - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const end = Math.ceil((low + span) / step) * step;
  const begin = Math.floor(low / step) * step;
  const place = (value: number): number => ((value - begin) / (end - begin)) * pixels;
  const count = Math.round((end - begin) / step) + 1;
  const ticks = Array.from({ length: count }, (_, index) => tick(begin + index * step, place));
  return { place, ticks };
}

function logAxis(low: number, high: number, pixels: number): PlacedAxis {
  const begin = Math.floor(Math.log10(low));
  const end = Math.max(begin + 1, Math.ceil(Math.log10(high)));
  const place = (value: number): number => ((Math.log10(value) - begin) / (end - begin)) * pixels;
  const factors = end - begin <= FEW_DECADES ? [1, 2, 5] : [1];
  const every = Math.ceil((end - begin) / MOST_TICKS);
  const decades = Array.from({ length: end - begin + 1 }, (_, index) => begin + index).filter(
    (decade) => (decade - begin) % every === 0,
  );
  const values = decades.flatMap((decade) => factors.map((factor) => factor * 10 ** decade));
  return { place, ticks: values.filter((value) => value <= 10 ** end * 1.0001).map((value) => tick(value, place)) };
}

function tick(value: number, place: (value: number) => number): { at: number; text: string } {
  return { at: place(value), text: shortNumber(value) };
}

/** "1.5k", "20", "0.001". */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9)}G`;
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e3) return `${trim(value / 1e3)}k`;
  return trim(value);
}

const trim = (value: number): string => String(Number(value.toPrecision(3)));
