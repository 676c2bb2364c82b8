/** What a server's metrics say of its event loop and its memory (docs/metrics.md). */

import { fail } from "../../base/errors.ts";

export interface ScrapedFigures {
  /** Since the scrape before; null where that was the first one. */
  readonly pause: PauseFigure | null;
  readonly weightBytes: number;
  /** They lie in memory of the process's own, and are not mapped from a file. */
  readonly areWeightsAnonymous: boolean;
  readonly kvPoolBytes: number;
  /** Of the pages that sequences and the cache hold. */
  readonly kvHeldBytes: number;
}

/** How late the event loop came to its timers. */
export interface PauseFigure {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

/** Throws `request_failed` where a figure is missing. */
export function readScrape(text: string, url: string): ScrapedFigures {
  const samples = samplesOf(text);
  const valueOf = (name: string, label = ""): number | null =>
    samples.find((sample) => sample.name === name && sample.labels.includes(label))?.value ?? null;
  const required = (name: string): number =>
    valueOf(name) ?? fail("request_failed", { url, reason: `it does not tell ${name}` });
  const delayMs = (quantile: string): number | null => {
    const seconds = valueOf("turnwise_event_loop_delay_seconds", `quantile="${quantile}"`);
    return seconds === null ? null : seconds * 1000;
  };
  const [p50Ms, p99Ms, longestMs] = [delayMs("0.5"), delayMs("0.99"), delayMs("1")];
  const kvPoolBytes = required("turnwise_kv_pool_bytes");
  const held = required("turnwise_kv_pages_used") + required("turnwise_kv_pages_cached");
  return {
    pause: p50Ms === null || p99Ms === null || longestMs === null ? null : { p50Ms, p99Ms, longestMs },
    weightBytes: required("turnwise_weight_bytes"),
    areWeightsAnonymous: valueOf("turnwise_weight_bytes", 'memory="anonymous"') !== null,
    kvPoolBytes,
    kvHeldBytes: (kvPoolBytes * held) / required("turnwise_kv_pages_total"),
  };
}

interface Sample {
  readonly name: string;
  /** As they are written. */
  readonly labels: string;
  readonly value: number;
}

function samplesOf(text: string): readonly Sample[] {
  return Array.from(text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm), ([, name = "", labels = "", value]) => ({
    name,
    labels,
    value: Number(value),
  }));
}
