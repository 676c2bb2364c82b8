/**
 * How long a server's event loop pauses, and what memory the server takes: it runs as a process of its own, some streams
 * decode, and requests come that its main thread has most to do for. The server's metrics tell its pauses, the system its
 * memory. Before any request, and with the streams alone, the same says what the machine does by itself.
 */

import { text as textOf } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fail } from "../../base/errors.ts";
import { packageVersion } from "../../native/native-paths.ts";
import { readCpuInfo } from "../../native/cpu-info.ts";
import { postJson } from "../turns/post-json.ts";
import { AnonymousPeak, readAnonymousBytes } from "./anonymous-memory.ts";
import {
  AIMS,
  loadFigure,
  type LoadSample,
  memoryFigure,
  type PausesReport,
  type RequestSample,
} from "./pauses-report.ts";
import { contextKind, type RequestKind, textKind, toolsKind } from "./request-kinds.ts";
import { RunningStreams } from "./running-streams.ts";
import { readScrape, type ScrapedFigures } from "./scraped-figures.ts";
import { type ServerCommand, type ServerProcess, startServerProcess } from "./server-process.ts";

export interface PausesBench {
  /** Of a server with a context of `contextTokens` and so many threads. */
  readonly server: ServerCommand;
  readonly threads: number;
  readonly contextTokens: number;
  readonly textBytes: number;
  readonly streams: number;
  /** Of each kind. */
  readonly requests: number;
  /** How long each baseline takes. */
  readonly baselineMs: number;
  /** Ends the server. */
  readonly signal: AbortSignal;
  readonly onProgress: (label: string, fraction: number) => void;
}

/** A pause is told once the timer behind it has run, and a new interval has begun once it has run again. */
const SETTLE_MS = 50;
/** Room in the context for what the template writes and for the answer. */
const SPARE_TOKENS = 128;
const PROBED_WORDS = [50, 250] as const;
const REFUSED = "context_length_exceeded";

/** Throws `start_failed`, and `request_failed` where a request fails otherwise than by being too long. */
export async function measurePauses(bench: PausesBench): Promise<PausesReport> {
  const startedAt = new Date().toISOString();
  const server = startServerProcess(bench.server);
  const peak = new AnonymousPeak(() => readAnonymousBytes(server.pid));
  const interrupt = (): void => void server.stop();
  bench.signal.addEventListener("abort", interrupt, { once: true });
  try {
    const run = await PausesRun.begin(bench, server, peak);
    const samples = await run.all();
    return {
      turnwise: packageVersion(),
      node: process.version,
      startedAt,
      cpu: readCpuInfo().model,
      model: run.model,
      threads: bench.threads,
      contextTokens: bench.contextTokens,
      streams: bench.streams,
      aims: AIMS,
      loads: samples.map(loadFigure),
      memory: memoryFigure(run.loadingBytes, samples, await run.scrape()),
    };
  } finally {
    bench.signal.removeEventListener("abort", interrupt);
    peak.stop();
    await server.stop();
  }
}

class PausesRun {
  readonly model: string;
  readonly loadingBytes: number | null;
  readonly #bench: PausesBench;
  readonly #url: string;
  readonly #peak: AnonymousPeak;
  readonly #samples: LoadSample[] = [];

  private constructor(bench: PausesBench, url: string, model: string, peak: AnonymousPeak) {
    this.#bench = bench;
    this.#url = url;
    this.model = model;
    this.#peak = peak;
    this.loadingBytes = peak.take();
  }

  /** Once the model is loaded. */
  static async begin(bench: PausesBench, { url }: ServerProcess, peak: AnonymousPeak): Promise<PausesRun> {
    bench.onProgress("loading the model", 0);
    const base = await url;
    const { data } = JSON.parse(await getText(`${base}/v1/models`)) as { readonly data: readonly { id: string }[] };
    return new PausesRun(bench, base, data[0]?.id ?? "", peak);
  }

  async all(): Promise<readonly LoadSample[]> {
    const { streams: count, contextTokens, textBytes, requests, baselineMs } = this.#bench;
    const kinds = [textKind(textBytes), contextKind(await this.#wordsOfContext()), toolsKind()];
    const wait = async (): Promise<readonly RequestSample[]> => {
      await sleep(baselineMs);
      return [];
    };
    // The first request of each kind meets what is compiled and loaded with it; that is part of what is measured.
    await this.scrape();
    await this.#measure("idle", true, wait);
    const target = { url: `${this.#url}/v1`, model: this.model, apiKey: null };
    const streams = new RunningStreams(target, count, Math.floor(contextTokens / 2));
    try {
      await streams.beside(async () => {
        await this.#measure(`${count} streams alone`, true, wait);
        for (const kind of kinds) await this.#measure(kind.name, false, () => this.#oneByOne(kind));
        await this.#measure("all of these at once", false, async () => {
          const samples: RequestSample[] = [];
          for (let index = 0; index < requests; index += 1) {
            samples.push(...(await Promise.all(kinds.map((kind) => this.#ask(kind.body(requests + index))))));
          }
          return samples;
        });
      });
    } finally {
      await streams.stop();
    }
    return this.#samples;
  }

  async scrape(): Promise<ScrapedFigures> {
    const url = `${this.#url}/metrics`;
    await sleep(SETTLE_MS);
    const figures = readScrape(await getText(url), url);
    await sleep(SETTLE_MS);
    return figures;
  }

  async #measure(name: string, isBaseline: boolean, work: () => Promise<readonly RequestSample[]>): Promise<void> {
    this.#bench.onProgress(name, this.#samples.length / LOADS);
    await this.scrape();
    const requests = await work();
    const { pause, ...memory } = await this.scrape();
    if (pause === null) return fail("request_failed", { url: this.#url, reason: "its metrics tell no pauses" });
    this.#samples.push({
      name,
      isBaseline,
      scraped: { pause, ...memory },
      anonymousBytes: this.#peak.take(),
      requests,
    });
  }

  async #oneByOne({ body }: RequestKind): Promise<readonly RequestSample[]> {
    const samples: RequestSample[] = [];
    for (let index = 0; index < this.#bench.requests; index += 1) samples.push(await this.#ask(body(index)));
    return samples;
  }

  async #ask(body: object): Promise<RequestSample> {
    const url = `${this.#url}/v1/chat/completions`;
    const startMs = performance.now();
    const { status, text } = await this.#post(url, body);
    const ms = performance.now() - startMs;
    if (status === 400 && text.includes(REFUSED)) return { ms, isRefused: true, promptTokens: 0 };
    if (status !== 200) fail("request_failed", { url, reason: `${status} ${text.slice(0, 500)}` });
    const { usage } = JSON.parse(text) as { readonly usage: { readonly prompt_tokens: number } };
    return { ms, isRefused: false, promptTokens: usage.prompt_tokens };
  }

  /** Words of `contextKind` that fill the context, by what the server counts for few and for more. */
  async #wordsOfContext(): Promise<number> {
    const [few, many] = PROBED_WORDS;
    const [fewTokens, manyTokens] = [await this.#tokensOf(few), await this.#tokensOf(many)];
    const tokensPerWord = (manyTokens - fewTokens) / (many - few);
    const spare = this.#bench.contextTokens - SPARE_TOKENS - fewTokens;
    return Math.max(1, few + Math.floor(spare / tokensPerWord));
  }

  async #tokensOf(words: number): Promise<number> {
    const { text } = await this.#post(`${this.#url}/tokenize`, contextKind(words).body(0));
    return (JSON.parse(text) as { readonly count: number }).count;
  }

  async #post(url: string, body: object): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await postJson(url, { headers: {}, body, signal: this.#bench.signal });
    return { status: answer.status, text: await textOf(answer.body) };
  }
}

/** Two baselines, three kinds of requests, and all at once. */
const LOADS = 6;

/** Throws `request_failed`. */
async function getText(url: string): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  return response.ok ? text : fail("request_failed", { url, reason: `${response.status} ${text.slice(0, 500)}` });
}
