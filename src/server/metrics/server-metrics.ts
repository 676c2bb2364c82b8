/**
 * What `/metrics` reports. Names that vLLM defined keep vLLM's name and meaning, because routers and
 * dashboards read them from any server (https://docs.vllm.ai/en/latest/usage/metrics/); the rest
 * begins with `turnwise_`.
 */

import { countOf, type Distribution } from "../../base/distribution.ts";
import type { TurnwiseError } from "../../base/errors.ts";
import type { EngineCapacity, EngineStats, GenerationTimings, GenerationUsage } from "../../engine/types.ts";
import { EventLoopDelay } from "./event-loop-delay.ts";
import { Counter, Histogram, type Labels, renderDistribution, renderValue, renderValues } from "./prometheus.ts";
import { TenantLabels } from "./tenant-labels.ts";
import { turnOutcome } from "./turn-outcome.ts";

/** Bounds of what `EndedTurn.tokenGaps` counts. */
export const TOKEN_GAP_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5,
] as const;
/** Prefill on a CPU can take a minute. */
const SECONDS_LONG = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640] as const;
const TOKENS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000] as const;

const TIMES = [0, 1, 2, 4, 8, 16] as const;

/** Whose turn it is, on which route. */
export interface TurnOwner {
  /** The route's pattern. */
  readonly route: string;
  readonly tenant: { readonly name: string };
}

export interface EndedTurn extends TurnOwner {
  /** Null where it was answered. */
  readonly error: TurnwiseError | null;
  /** Null where it did not come to its end, like `timings`. */
  readonly usage: GenerationUsage | null;
  readonly timings: GenerationTimings | null;
  /** From the request's arrival; null where none came. */
  readonly firstTokenMs: number | null;
  /** Seconds from each token to the next. */
  readonly tokenGaps: Distribution;
  /** Since the request arrived. */
  elapsedMs(): number;
}

export interface EndedRequest extends TurnOwner {
  readonly method: string;
  readonly status: number;
}

/** The engine as it is at scrape time. */
export interface ScrapedEngine {
  readonly stats: EngineStats;
  readonly capacity: EngineCapacity;
}

export interface ServerMetrics {
  /** A request was answered or its stream ended. */
  requestEnded(request: EndedRequest): void;
  choiceFinished(reason: string): void;
  /** A request that the engine had accepted is over, well or not. */
  turnEnded(turn: EndedTurn): void;
  /** The engine is null while the model loads. */
  render(engine: ScrapedEngine | null, openRequests: number): string;
  /** Nobody will ask any more. */
  close(): void;
}

/** `model` is the id that clients see; it is known before anything of a turn is observed. */
export function createServerMetrics(model: () => string): ServerMetrics {
  const histograms = createHistograms();
  const tenants = new TenantLabels();
  const requests = new Counter("turnwise_http_requests_total", "HTTP requests by route, method, status and tenant.");
  const finished = new Counter("vllm:request_success_total", "Finished outputs by reason.");
  const prefixQueries = new Counter("vllm:prefix_cache_queries_total", "Prompt tokens looked up in the prefix cache.");
  const prefixHits = new Counter("vllm:prefix_cache_hits_total", "Prompt tokens found in the prefix cache.");
  const startSeconds = Date.now() / 1000;
  const loopDelay = new EventLoopDelay();
  const labelsOf = ({ route, tenant }: TurnOwner): Labels => ({
    model_name: model(),
    route,
    tenant: tenants.of(tenant.name),
  });

  return {
    requestEnded({ route, method, status, tenant }) {
      requests.add(1, { route, method, status: String(status), tenant: tenants.of(tenant.name) });
    },
    choiceFinished(reason) {
      finished.add(1, { model_name: model(), finished_reason: reason });
    },
    turnEnded(turn) {
      const { usage, timings, firstTokenMs, tokenGaps } = turn;
      const labels = { ...labelsOf(turn), outcome: turnOutcome(turn.error) };
      histograms.endToEnd.observe(turn.elapsedMs() / 1000, labels);
      if (firstTokenMs !== null) histograms.firstToken.observe(firstTokenMs / 1000, labels);
      if (countOf(tokenGaps) > 0) histograms.interToken.observeAll(tokenGaps, labels);
      if (timings !== null) {
        histograms.queue.observe(timings.queueMs / 1000, labels);
        histograms.prefill.observe(timings.prefillMs / 1000, labels);
        histograms.decode.observe(timings.decodeMs / 1000, labels);
      }
      if (usage !== null) {
        histograms.promptTokens.observe(usage.promptTokens, labels);
        histograms.outputTokens.observe(usage.outputTokens, labels);
        histograms.cachedTokens.observe(usage.cachedTokens, labels);
        histograms.preemptions.observe(usage.preemptions, labels);
        prefixQueries.add(usage.promptTokens, { model_name: model() });
        prefixHits.add(usage.cachedTokens, { model_name: model() });
      }
    },
    render(engine, openRequests) {
      const lines: string[] = [];
      if (engine !== null) {
        renderStats(lines, engine.stats, { model_name: model() });
        renderMemory(lines, engine.capacity, { model_name: model() });
      }
      for (const counter of [finished, prefixQueries, prefixHits]) counter.render(lines);
      for (const histogram of Object.values(histograms)) histogram.render(lines);
      requests.render(lines);
      renderProcess(lines, openRequests, startSeconds);
      renderLoopDelay(lines, loopDelay);
      return `${lines.join("\n")}\n`;
    },
    close: () => loopDelay.stop(),
  };
}

function secondsOf(name: string, help: string, bounds: readonly number[] = SECONDS_LONG): Histogram {
  return new Histogram(`vllm:${name}_seconds`, help, bounds);
}

function tokensOf(name: string, help: string): Histogram {
  return new Histogram(name, help, TOKENS);
}

function createHistograms() {
  return {
    firstToken: secondsOf("time_to_first_token", "From the request's arrival to its first token."),
    interToken: secondsOf("inter_token_latency", "From one output token to the next.", TOKEN_GAP_SECONDS),
    endToEnd: secondsOf("e2e_request_latency", "From the request's arrival to its end."),
    queue: secondsOf("request_queue_time", "Waiting for a place in the batch."),
    prefill: secondsOf("request_prefill_time", "From the place in the batch to the first token."),
    decode: secondsOf("request_decode_time", "From the first token to the last."),
    promptTokens: tokensOf("vllm:request_prompt_tokens", "Prompt tokens of a request."),
    cachedTokens: tokensOf("turnwise_request_cached_tokens", "Prompt tokens of a request found in the cache."),
    preemptions: new Histogram(
      "turnwise_request_preemptions",
      "How often a request had to give up its place and went on later.",
      TIMES,
    ),
    outputTokens: tokensOf("vllm:request_generation_tokens", "Output tokens of a request."),
  };
}

function renderStats(lines: string[], stats: EngineStats, labels: Labels): void {
  const gauge = (name: string, help: string, value: number): void =>
    renderValue(lines, "gauge", name, help, value, labels);
  const counter = (name: string, help: string, value: number): void =>
    renderValue(lines, "counter", name, help, value, labels);
  gauge("vllm:num_requests_running", "Sequences in the batch.", stats.running);
  gauge("vllm:num_requests_waiting", "Requests waiting for a place in the batch.", stats.waiting);
  gauge("turnwise_waiting_prompt_tokens", "Tokens of the prompts that wait.", stats.waitingTokens);
  gauge("turnwise_queue_wait_seconds", "Forecast of how long one more request would wait.", stats.waitMs / 1000);
  gauge("turnwise_requests_parked", "Requests stopped until their reader has caught up.", stats.parked);
  const share = stats.pagesTotal === 0 ? 0 : stats.pagesUsed / stats.pagesTotal;
  gauge("vllm:kv_cache_usage_perc", "Share of the KV pages in use, 0 to 1.", share);
  gauge("turnwise_kv_pages_used", "KV pages in use.", stats.pagesUsed);
  gauge("turnwise_kv_pages_cached", "KV pages that only the prefix cache holds.", stats.pagesCached);
  gauge("turnwise_kv_pages_shared", "KV pages in use by two or more sequences.", stats.pagesShared);
  gauge("turnwise_kv_pages_total", "KV pages in the pool.", stats.pagesTotal);
  counter("vllm:prompt_tokens_total", "Prompt tokens computed.", stats.promptTokens);
  counter("vllm:generation_tokens_total", "Output tokens generated.", stats.outputTokens);
  counter("vllm:num_preemptions_total", "Sequences put back to make room.", stats.preemptions);
  counter("turnwise_kv_evictions_total", "Cached KV pages given up to make room.", stats.evictions);
  renderDistribution(
    lines,
    "turnwise_kv_eviction_idle_seconds",
    "How long an evicted KV page had not been used.",
    stats.evictionIdle,
    labels,
  );
  counter("turnwise_engine_steps_total", "Steps of the model.", stats.steps);
  counter("turnwise_requests_finished_total", "Requests that ended with an answer.", stats.finished);
  counter("turnwise_requests_cancelled_total", "Requests that were cancelled.", stats.cancelled);
  counter("turnwise_requests_failed_total", "Requests that ended in an error.", stats.failed);
}

/** Weights that are mapped from a file of packed weights are the system's to drop, and no memory of the process's own. */
function renderMemory(lines: string[], { weightBytes, weightOrigin, kvBytes }: EngineCapacity, labels: Labels): void {
  const memory = weightOrigin?.from === "pack" ? "mapped" : "anonymous";
  renderValue(lines, "gauge", "turnwise_weight_bytes", "Weights.", weightBytes, { ...labels, memory });
  renderValue(lines, "gauge", "turnwise_kv_pool_bytes", "Memory of the KV pages in the pool.", kvBytes, labels);
}

function renderLoopDelay(lines: string[], delay: EventLoopDelay): void {
  const values = delay.take().map(({ quantile, seconds }) => ({
    value: seconds,
    labels: { quantile: String(quantile) },
  }));
  const help = "How late the event loop came to its timers since the last scrape; quantile 1 is the longest pause.";
  renderValues(lines, "gauge", "turnwise_event_loop_delay_seconds", help, values);
}

function renderProcess(lines: string[], openRequests: number, startSeconds: number): void {
  renderValue(lines, "gauge", "turnwise_http_requests_open", "HTTP requests in progress.", openRequests);
  renderValue(lines, "gauge", "process_start_time_seconds", "When the server started.", startSeconds);
  const { rss } = process.memoryUsage();
  renderValue(lines, "gauge", "process_resident_memory_bytes", "Resident memory.", rss);
}
