/** What `turnwise bench pauses` found, and how a person reads it. */

import { formatBytes } from "../../base/bytes.ts";
import { type Spread, spreadOf } from "../spread.ts";
import type { PauseFigure, ScrapedFigures } from "./scraped-figures.ts";

/** What a server promises: no pause as long, and no more memory beside weights and KV pages. */
export const AIMS = { pauseMs: 10, restBytes: 400e6 } as const;

/** A pause may have been so much longer than the server's timer tells. */
const UNSEEN_MS = 1;

/** One load, and what it did to the server. */
export interface LoadSample {
  readonly name: string;
  /** What the machine does by itself is measured without requests. */
  readonly isBaseline: boolean;
  readonly scraped: ScrapedFigures & { readonly pause: PauseFigure };
  /** The most while it ran; null where the system does not tell. */
  readonly anonymousBytes: number | null;
  readonly requests: readonly RequestSample[];
}

export interface RequestSample {
  /** Until all of the answer was there. */
  readonly ms: number;
  /** It did not fit in the context. */
  readonly isRefused: boolean;
  /** Zero of a refused one. */
  readonly promptTokens: number;
}

export interface LoadFigure {
  readonly name: string;
  readonly isBaseline: boolean;
  readonly pauseMs: { readonly p50: number; readonly p99: number; readonly longest: number };
  /** Null of a baseline. */
  readonly isWithinAim: boolean | null;
  readonly requests: number;
  readonly refused: number;
  /** Of the longest prompt. */
  readonly promptTokens: number;
  /** From a request to the end of its answer; null without requests. */
  readonly answerMs: Spread | null;
  readonly anonymousBytes: number | null;
  /** Of those what was neither weights nor KV pages that were held in the end. */
  readonly restBytes: number | null;
}

export interface MemoryFigure {
  readonly weightBytes: number;
  /** Of those; the rest are mapped from a file of packed weights. */
  readonly anonymousWeightBytes: number;
  readonly kvPoolBytes: number;
  /** Of the pages of the pool that were held in the end: those that nobody has used take no memory. */
  readonly kvHeldBytes: number;
  /** The most, from the server's start on; null where the system does not tell. */
  readonly anonymousBytes: number | null;
  /** Until the model was loaded. */
  readonly loadingBytes: number | null;
  /** The most that was neither weights nor held pages. */
  readonly restBytes: number | null;
  readonly isWithinAim: boolean | null;
}

export interface PausesReport {
  readonly turnwise: string;
  readonly node: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly cpu: string;
  readonly model: string;
  readonly threads: number;
  readonly contextTokens: number;
  readonly streams: number;
  readonly aims: typeof AIMS;
  readonly loads: readonly LoadFigure[];
  readonly memory: MemoryFigure;
}

export function loadFigure(sample: LoadSample): LoadFigure {
  const { name, isBaseline, scraped, anonymousBytes, requests } = sample;
  const { p50Ms: p50, p99Ms: p99, longestMs: longest } = scraped.pause;
  return {
    name,
    isBaseline,
    pauseMs: { p50, p99, longest },
    isWithinAim: isBaseline ? null : longest + UNSEEN_MS < AIMS.pauseMs,
    requests: requests.length,
    refused: requests.filter(({ isRefused }) => isRefused).length,
    promptTokens: Math.max(0, ...requests.map(({ promptTokens }) => promptTokens)),
    answerMs: requests.length === 0 ? null : spreadOf(requests.map(({ ms }) => ms)),
    anonymousBytes,
    restBytes: restOf(sample),
  };
}

function restOf({ anonymousBytes, scraped }: LoadSample): number | null {
  return anonymousBytes === null ? null : anonymousBytes - anonymousWeightsOf(scraped) - scraped.kvHeldBytes;
}

const anonymousWeightsOf = ({ areWeightsAnonymous, weightBytes }: ScrapedFigures): number =>
  areWeightsAnonymous ? weightBytes : 0;

/** `loadingBytes` is the most anonymous memory before the first load; `last` what the server said of itself in the end. */
export function memoryFigure(
  loadingBytes: number | null,
  samples: readonly LoadSample[],
  last: ScrapedFigures,
): MemoryFigure {
  const { weightBytes, kvPoolBytes, kvHeldBytes } = last;
  const anonymousWeightBytes = anonymousWeightsOf(last);
  const loadingRest = loadingBytes === null ? null : loadingBytes - anonymousWeightBytes;
  const restBytes = most([loadingRest, ...samples.map(restOf)]);
  return {
    weightBytes,
    anonymousWeightBytes,
    kvPoolBytes,
    kvHeldBytes,
    anonymousBytes: most([loadingBytes, ...samples.map(({ anonymousBytes }) => anonymousBytes)]),
    loadingBytes,
    restBytes,
    isWithinAim: restBytes === null ? null : restBytes <= AIMS.restBytes,
  };
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

const milliseconds = (value: number): string => value.toFixed(value < 100 ? 1 : 0);

/** Table rows, the first of which is the head. */
export function pauseRows({ loads }: PausesReport): string[][] {
  return [
    ["while", "longest pause ms", "p99", "p50", "requests", "refused", "tokens", "answered in ms", "max"],
    ...loads.map(({ name, pauseMs: { p50, p99, longest }, isWithinAim, requests, refused, promptTokens, answerMs }) => [
      name,
      `${milliseconds(longest)}${isWithinAim === false ? " (above)" : ""}`,
      milliseconds(p99),
      milliseconds(p50),
      ...(answerMs === null
        ? []
        : [requests, refused, promptTokens, milliseconds(answerMs.median), milliseconds(answerMs.max)].map(String)),
    ]),
  ];
}

export function memoryLines({ memory, aims }: PausesReport): readonly string[] {
  const { weightBytes, anonymousWeightBytes, kvPoolBytes, kvHeldBytes, anonymousBytes, loadingBytes } = memory;
  const where = anonymousWeightBytes > 0 ? "anonymous" : "mapped from a file, which is no anonymous memory";
  const lines = [
    `weights: ${formatBytes(weightBytes)}, ${where}`,
    `KV pool: ${formatBytes(kvPoolBytes)}, of which pages of ${formatBytes(kvHeldBytes)} were held in the end`,
  ];
  if (anonymousBytes === null || loadingBytes === null || memory.restBytes === null) {
    return [...lines, "anonymous memory: this system does not tell"];
  }
  const above = memory.isWithinAim === true ? "" : "; above";
  return [
    ...lines,
    `anonymous memory: ${formatBytes(anonymousBytes)} at most, ${formatBytes(loadingBytes)} while loading`,
    `without weights and held pages: ${formatBytes(memory.restBytes)} at most (aim ${formatBytes(aims.restBytes)}${above})`,
  ];
}

/** For below the table. */
export const PAUSE_NOTES = `A pause may be ${UNSEEN_MS} ms longer than its figure. The aim is less than ${AIMS.pauseMs} ms, beside what the machine does without requests.`;
