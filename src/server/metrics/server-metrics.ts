/**
 * What `/metrics` reports. Names that vLLM defined keep vLLM's name and meaning, because routers and
 * dashboards read them from any server (https://docs.vllm.ai/en/latest/usage/metrics/); the rest
 * begins with `turnwise_`.
 */

import type { EngineStats, GenerationTimings, GenerationUsage } from "../../engine/types.ts";
import { Counter, Histogram, renderValue } from "./prometheus.ts";

const SECONDS_SHORT = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5] as const;
/** Prefill on a CPU can take a minute. */
const SECONDS_LONG = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640] as const;
const TOKENS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000] as const;

export interface ServerMetrics {
  /** A request was answered or its stream ended. */
  requestEnded(route: string, method: string, status: number): void;
  /** Milliseconds from the request's arrival. */
  firstToken(ms: number): void;
  /** `tokens` came `ms` after the ones before them. */
  nextTokens(ms: number, tokens: number): void;
  choiceFinished(reason: string): void;
  generationEnded(usage: GenerationUsage, timings: GenerationTimings, totalMs: number): void;
  /** Stats are null while the model loads. */
  render(stats: EngineStats | null, openRequests: number): string;
}

/** `model` is the id that clients see. */
export function createServerMetrics(model: () => string): ServerMetrics {
  // The id is known only once the model is loaded; nothing is observed before.
  let histograms: ReturnType<typeof createHistograms> | null = null;
  const observed = (): ReturnType<typeof createHistograms> => (histograms ??= createHistograms(model()));
  const requests = new Counter("turnwise_http_requests_total", "HTTP requests by route, method and status.");
  const finished = new Counter("vllm:request_success_total", "Finished outputs by reason.");
  const prefixQueries = new Counter("vllm:prefix_cache_queries_total", "Prompt tokens looked up in the prefix cache.");
  const prefixHits = new Counter("vllm:prefix_cache_hits_total", "Prompt tokens found in the prefix cache.");
  const startSeconds = Date.now() / 1000;

  return {
    requestEnded(route, method, status) {
      requests.add(1, { route, method, status: String(status) });
    },
    firstToken(ms) {
      observed().firstToken.observe(ms / 1000);
    },
    nextTokens(ms, tokens) {
      if (tokens > 0) observed().interToken.observe(ms / 1000 / tokens, tokens);
    },
    choiceFinished(reason) {
      finished.add(1, { model_name: model(), finished_reason: reason });
    },
    generationEnded(usage, timings, totalMs) {
      const all = observed();
      all.endToEnd.observe(totalMs / 1000);
      all.queue.observe(timings.queueMs / 1000);
      all.prefill.observe(timings.prefillMs / 1000);
      all.decode.observe(timings.decodeMs / 1000);
      all.promptTokens.observe(usage.promptTokens);
      all.outputTokens.observe(usage.outputTokens);
      all.cachedTokens.observe(usage.cachedTokens);
      prefixQueries.add(usage.promptTokens, { model_name: model() });
      prefixHits.add(usage.cachedTokens, { model_name: model() });
    },
    render(stats, openRequests) {
      const lines: string[] = [];
      if (stats !== null) renderStats(lines, stats, { model_name: model() });
      for (const counter of [finished, prefixQueries, prefixHits]) counter.render(lines);
      if (stats !== null) for (const histogram of Object.values(observed())) histogram.render(lines);
      requests.render(lines);
      renderProcess(lines, openRequests, startSeconds);
      return `${lines.join("\n")}\n`;
    },
  };
}

function createHistograms(model: string) {
  const labels = { model_name: model };
  const seconds = (name: string, help: string, bounds: readonly number[] = SECONDS_LONG): Histogram =>
    new Histogram(`vllm:${name}_seconds`, help, bounds, labels);
  return {
    firstToken: seconds("time_to_first_token", "From the request's arrival to its first token."),
    interToken: seconds("inter_token_latency", "From one output token to the next.", SECONDS_SHORT),
    endToEnd: seconds("e2e_request_latency", "From the request's arrival to its last token."),
    queue: seconds("request_queue_time", "Waiting for a place in the batch."),
    prefill: seconds("request_prefill_time", "From the place in the batch to the first token."),
    decode: seconds("request_decode_time", "From the first token to the last."),
    promptTokens: new Histogram("vllm:request_prompt_tokens", "Prompt tokens of a request.", TOKENS, labels),
    cachedTokens: new Histogram(
      "turnwise_request_cached_tokens",
      "Prompt tokens of a request found in the cache.",
      TOKENS,
      labels,
    ),
    outputTokens: new Histogram("vllm:request_generation_tokens", "Output tokens of a request.", TOKENS, labels),
  };
}

type Labels = Readonly<Record<string, string>>;

function renderStats(lines: string[], stats: EngineStats, labels: Labels): void {
  const gauge = (name: string, help: string, value: number): void =>
    renderValue(lines, "gauge", name, help, value, labels);
  const counter = (name: string, help: string, value: number): void =>
    renderValue(lines, "counter", name, help, value, labels);
  gauge("vllm:num_requests_running", "Sequences in the batch.", stats.running);
  gauge("vllm:num_requests_waiting", "Requests waiting for a place in the batch.", stats.waiting);
  const share = stats.pagesTotal === 0 ? 0 : stats.pagesUsed / stats.pagesTotal;
  gauge("vllm:kv_cache_usage_perc", "Share of the KV pages in use, 0 to 1.", share);
  gauge("turnwise_kv_pages_used", "KV pages in use.", stats.pagesUsed);
  gauge("turnwise_kv_pages_cached", "KV pages that only the prefix cache holds.", stats.pagesCached);
  gauge("turnwise_kv_pages_total", "KV pages in the pool.", stats.pagesTotal);
  counter("vllm:prompt_tokens_total", "Prompt tokens computed.", stats.promptTokens);
  counter("vllm:generation_tokens_total", "Output tokens generated.", stats.outputTokens);
  counter("vllm:num_preemptions_total", "Sequences put back to make room.", stats.preemptions);
  counter("turnwise_kv_evictions_total", "Cached KV pages given up to make room.", stats.evictions);
  counter("turnwise_engine_steps_total", "Steps of the model.", stats.steps);
  counter("turnwise_requests_finished_total", "Requests that ended with an answer.", stats.finished);
  counter("turnwise_requests_cancelled_total", "Requests that were cancelled.", stats.cancelled);
  counter("turnwise_requests_failed_total", "Requests that ended in an error.", stats.failed);
}

function renderProcess(lines: string[], openRequests: number, startSeconds: number): void {
  renderValue(lines, "gauge", "turnwise_http_requests_open", "HTTP requests in progress.", openRequests);
  renderValue(lines, "gauge", "process_start_time_seconds", "When the server started.", startSeconds);
  const { rss } = process.memoryUsage();
  renderValue(lines, "gauge", "process_resident_memory_bytes", "Resident memory.", rss);
}
