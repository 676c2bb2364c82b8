/**
 * Counters, gauges and histograms in Prometheus' text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Recording a value that was seen
 * before allocates nothing but its label key; there is no registry, timer or push.
 */

type Labels = Readonly<Record<string, string>>;

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

/** Cumulative buckets; `bounds` ascend and the one for +Inf is implied. */
export class Histogram implements MetricSource {
  readonly #name: string;
  readonly #help: string;
  readonly #labels: Labels;
  readonly #bounds: readonly number[];
  /** Per bucket, not cumulative; the last one is above every bound. */
  readonly #counts: Float64Array;
  #sum = 0;
  #count = 0;

  constructor(name: string, help: string, bounds: readonly number[], labels: Labels = {}) {
    this.#name = name;
    this.#help = help;
    this.#labels = labels;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** Records `value`, `times` times. */
  observe(value: number, times = 1): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? Infinity)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + times;
    this.#sum += value * times;
    this.#count += times;
  }

  render(lines: string[]): void {
    header(lines, this.#name, this.#help, "histogram");
    let cumulative = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      cumulative += count;
      const le = bucket < this.#bounds.length ? String(this.#bounds[bucket]) : "+Inf";
      lines.push(`${this.#name}_bucket${formatLabels({ ...this.#labels, le })} ${cumulative}`);
    }
    const labels = formatLabels(this.#labels);
    lines.push(`${this.#name}_sum${labels} ${this.#sum}`, `${this.#name}_count${labels} ${this.#count}`);
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
