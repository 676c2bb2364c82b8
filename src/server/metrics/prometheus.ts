/**
 * Counters, gauges and histograms in Prometheus' text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Recording a value that was seen
 * before allocates nothing but its label key; there is no registry, timer or push.
 */

import { addDistribution, type Distribution, emptyDistribution, record } from "../../base/distribution.ts";

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
  readonly values: Distribution;
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

  observe(value: number, labels: Labels = {}): void {
    record(this.#seriesOf(labels).values, value);
  }

  /** Records all of `values`, which has the same bounds. */
  observeAll(values: Distribution, labels: Labels = {}): void {
    addDistribution(this.#seriesOf(labels).values, values);
  }

  render(lines: string[]): void {
    header(lines, this.#name, this.#help, "histogram");
    for (const series of this.#series.values()) renderSeries(lines, this.#name, series);
  }

  #seriesOf(labels: Labels): Series {
    const key = formatLabels(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series = { key, labels, values: emptyDistribution(this.#bounds) };
    this.#series.set(key, series);
    return series;
  }
}

/** A histogram that was collected elsewhere, as it is at scrape time. */
export function renderDistribution(
  lines: string[],
  name: string,
  help: string,
  values: Distribution,
  labels: Labels = {},
): void {
  header(lines, name, help, "histogram");
  renderSeries(lines, name, { key: formatLabels(labels), labels, values });
}

function renderSeries(lines: string[], name: string, { key, labels, values }: Series): void {
  let cumulative = 0;
  for (const [bucket, count] of values.counts.entries()) {
    cumulative += count;
    const le = String(values.bounds[bucket] ?? "+Inf");
    lines.push(`${name}_bucket${formatLabels({ ...labels, le })} ${cumulative}`);
  }
  lines.push(`${name}_sum${key} ${values.sum}`, `${name}_count${key} ${cumulative}`);
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
  renderValues(lines, kind, name, help, [{ value, labels }]);
}

export interface LabelledValue {
  readonly value: number;
  readonly labels: Labels;
}

/** Values known at scrape time, each with labels of its own; there may be none. */
export function renderValues(
  lines: string[],
  kind: "counter" | "gauge",
  name: string,
  help: string,
  values: readonly LabelledValue[],
): void {
  header(lines, name, help, kind);
  for (const { value, labels } of values) lines.push(`${name}${formatLabels(labels)} ${value}`);
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
