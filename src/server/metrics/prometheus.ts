/**
 * Counters, gauges and histograms in Prometheus' text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Recording a value that was seen
 * before allocates nothing but its label key; there is no registry, timer or push.
 */

export type Labels = Readonly<Record<string, string>>;

/** Appends lines to a scrape. */
export interface MetricSource {
  render(lines: string[]): void;
}

/** Only grows. One value per combination of labels; callers keep that number small. */
export class Counter implements MetricSource {
  readonly #name: string;
  readonly #help: string;
  readonly #values = new Map<string, number>();

  constructor(name: string, help: string) {
    this.#name = name;
    this.#help = help;
  }

  add(amount: number, labels: Labels = {}): void {
    const key = formatLabels(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }

  render(lines: string[]): void {
    header(lines, this.#name, this.#help, "counter");
    for (const [labels, value] of this.#values) lines.push(`${this.#name}${labels} ${value}`);
  }
}

interface Series {
  /** With the braces. */
  readonly key: string;
  readonly labels: Labels;
  /** Per bucket, not cumulative; the last one is above every bound. */
  readonly counts: Float64Array;
  sum: number;
}

/** Cumulative buckets, for each combination of labels; `bounds` ascend and the one for +Inf is implied. */
export class Histogram implements MetricSource {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  /** Records `value`, `times` times. */
  observe(value: number, labels: Labels = {}, times = 1): void {
    const series = this.#seriesOf(labels);
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? Infinity)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + times;
    series.sum += value * times;
  }

  render(lines: string[]): void {
    header(lines, this.#name, this.#help, "histogram");
    for (const { key, labels, counts, sum } of this.#series.values()) {
      let cumulative = 0;
      for (const [bucket, count] of counts.entries()) {
        cumulative += count;
        const le = bucket < this.#bounds.length ? String(this.#bounds[bucket]) : "+Inf";
        lines.push(`${this.#name}_bucket${formatLabels({ ...labels, le })} ${cumulative}`);
      }
      lines.push(`${this.#name}_sum${key} ${sum}`, `${this.#name}_count${key} ${cumulative}`);
    }
  }

  #seriesOf(labels: Labels): Series {
    const key = formatLabels(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series = { key, labels, counts: new Float64Array(this.#bounds.length + 1), sum: 0 };
    this.#series.set(key, series);
    return series;
  }
}

/** A value known at scrape time. */
export function renderValue(
  lines: string[],
  kind: "counter" | "gauge",
  name: string,
  help: string,
  value: number,
  labels: Labels = {},
): void {
  header(lines, name, help, kind);
  lines.push(`${name}${formatLabels(labels)} ${value}`);
}

function header(lines: string[], name: string, help: string, type: string): void {
  lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
}

function formatLabels(labels: Labels): string {
  let text = "";
  for (const name in labels) text += `${text === "" ? "{" : ","}${name}="${escapeLabel(labels[name] ?? "")}"`;
  return text === "" ? "" : `${text}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
