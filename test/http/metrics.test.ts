/** What Prometheus reads. */

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { turnwiseError } from "../../src/base/errors.ts";
import { scriptedServer, until } from "./support/test-server.ts";
import type { TestServer } from "./support/test-server.ts";

const CHAT = "/v1/chat/completions";
const COMPLETIONS = "/v1/completions";
const HI = { messages: [{ role: "user", content: "Hi" }] };

const folder = mkdtempSync(join(tmpdir(), "turnwise-metrics-"));
const apiKeyFile = join(folder, "keys.json");
const TENANTS = 105;
const digest = (key: string): string => createHash("sha256").update(key).digest("hex");

beforeAll(() => {
  const keys = Array.from({ length: TENANTS }, (_, index) => [digest(`key-${index}`), { tenant: `team "${index}"` }]);
  writeFileSync(
    apiKeyFile,
    JSON.stringify({ ...Object.fromEntries(keys), [digest("boss")]: { tenant: "boss", admin: true } }),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const bearer = (key: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${key}` });

async function scrape({ get }: TestServer, headers = {}): Promise<readonly string[]> {
  const response = await get("/metrics", headers);
  expect(response.status).toBe(200);
  return (await response.text()).trimEnd().split("\n");
}

/** Label values of `name`'s samples, and the samples' values. */
function samples(lines: readonly string[], name: string): { labels: Record<string, string>; value: number }[] {
  return lines
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) => ({
      labels: Object.fromEntries(
        [...line.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)].map(([, key, value]) => [key, value]),
      ),
      value: Number(line.slice(line.lastIndexOf(" "))),
    }));
}

describe("GET /metrics", () => {
  it("counts requests, tokens and times under vLLM's names", async () => {
    const server = scriptedServer();
    await server.post(CHAT, HI);
    await server.post(COMPLETIONS, { prompt: 5 });
    await server.get("/nowhere/special");
    const response = await server.get("/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const turn = `model_name="fake-1b",route="${CHAT}",tenant="default"`;
    expect((await response.text()).split("\n")).toEqual(
      expect.arrayContaining([
        `turnwise_http_requests_total{route="${CHAT}",method="POST",status="200",tenant="default"} 1`,
        `turnwise_http_requests_total{route="${COMPLETIONS}",method="POST",status="400",tenant="default"} 1`,
        'turnwise_http_requests_total{route="unmatched",method="GET",status="404",tenant="default"} 1',
        'vllm:request_success_total{model_name="fake-1b",finished_reason="stop"} 1',
        `vllm:time_to_first_token_seconds_count{${turn},outcome="ok"} 1`,
        `vllm:inter_token_latency_seconds_count{${turn},outcome="ok"} 3`,
        `vllm:e2e_request_latency_seconds_count{${turn},outcome="ok"} 1`,
        // The fake engine's times of 1, 2 and 3 ms.
        `vllm:request_queue_time_seconds_sum{${turn},outcome="ok"} 0.001`,
        `vllm:request_prefill_time_seconds_bucket{${turn},outcome="ok",le="0.005"} 1`,
        `vllm:request_decode_time_seconds_sum{${turn},outcome="ok"} 0.003`,
        `vllm:request_prompt_tokens_sum{${turn},outcome="ok"} 11`,
        `vllm:request_generation_tokens_sum{${turn},outcome="ok"} 4`,
        `turnwise_request_cached_tokens_bucket{${turn},outcome="ok",le="1"} 1`,
        'vllm:num_requests_running{model_name="fake-1b"} 0',
        'vllm:num_requests_waiting{model_name="fake-1b"} 0',
        'vllm:kv_cache_usage_perc{model_name="fake-1b"} 0',
        'vllm:num_preemptions_total{model_name="fake-1b"} 0',
        'turnwise_kv_evictions_total{model_name="fake-1b"} 0',
        'turnwise_kv_eviction_idle_seconds_bucket{model_name="fake-1b",le="60"} 0',
        `turnwise_request_preemptions_bucket{${turn},outcome="ok",le="0"} 1`,
        `vllm:generation_tokens_total{model_name="fake-1b"} ${server.engine.tokensMade}`,
        "turnwise_http_requests_open 1",
      ]),
    );
  });

  it("tells tenants apart, a hundred of them", async () => {
    const server = scriptedServer({}, { apiKeyFile });
    for (let index = 0; index < TENANTS; index += 1) {
      const response = await server.post(COMPLETIONS, { prompt: "x" }, bearer(`key-${index}`));
      expect(response.status).toBe(200);
    }
    const lines = await scrape(server, bearer("boss"));
    const counts = samples(lines, "vllm:request_queue_time_seconds_count");
    expect(counts).toHaveLength(101);
    expect(counts.at(0)).toMatchObject({ labels: { tenant: String.raw`team \"0\"`, route: COMPLETIONS }, value: 1 });
    expect(counts.at(-1)).toMatchObject({ labels: { tenant: "other" }, value: TENANTS - 100 });
    expect(samples(lines, "turnwise_http_requests_total")).toHaveLength(101);
  });

  it("tells how turns ended, and how long those took that did not finish", async () => {
    const server = scriptedServer({ endless: true, tokenMs: 1 }, { requestTimeout: 400 });
    expect((await server.post(COMPLETIONS, { prompt: "x" })).status).toBe(504);
    const left = await server.post(CHAT, { ...HI, stream: true });
    await left.body?.cancel();
    server.engine.script = {
      text: "a b c",
      failure: { afterTokens: 1, error: turnwiseError("engine_failed", { reason: "a test" }) },
    };
    expect((await server.post(COMPLETIONS, { prompt: "x" })).status).toBe(500);
    // No turn: the engine never had it.
    expect((await server.post(COMPLETIONS, { prompt: "x", max_tokens: 5000 })).status).toBe(400);
    await until(() => server.engine.running === 0, "all to end");
    const lines = await scrape(server);
    const ends = samples(lines, "vllm:e2e_request_latency_seconds_count");
    expect(ends.map(({ labels: { route, outcome }, value }) => [route, outcome, value])).toEqual([
      [COMPLETIONS, "timed_out", 1],
      [CHAT, "cancelled", 1],
      [COMPLETIONS, "failed", 1],
    ]);
    const [timedOut] = samples(lines, "vllm:e2e_request_latency_seconds_sum");
    expect(timedOut?.value).toBeGreaterThanOrEqual(0.399);
    expect(samples(lines, "vllm:request_decode_time_seconds_count")).toEqual([]);
  });

  it("tells when tokens came by how their turns ended", async () => {
    const server = scriptedServer({ endless: true, tokenMs: 1 });
    const left = await server.post(CHAT, { ...HI, stream: true });
    await until(() => server.engine.tokensMade > 3, "some tokens");
    await left.body?.cancel();
    await until(() => server.engine.running === 0, "the turn to end");
    const error = turnwiseError("engine_failed", { reason: "a test" });
    for (const afterTokens of [0, 1]) {
      server.engine.script = { text: "a b c", failure: { afterTokens, error } };
      await server.post(CHAT, HI);
    }
    server.engine.script = { text: "a b c" };
    await server.post(CHAT, HI);
    const lines = await scrape(server);
    const countsOf = (name: string) => samples(lines, name).map(({ labels: { outcome }, value }) => [outcome, value]);
    expect(countsOf("vllm:time_to_first_token_seconds_count")).toEqual([
      ["cancelled", 1],
      ["failed", 1],
      ["ok", 1],
    ]);
    // Three words and the end token; the one that failed had a single token.
    expect(countsOf("vllm:inter_token_latency_seconds_count")).toEqual([
      ["cancelled", expect.any(Number)],
      ["ok", 3],
    ]);
  });

  it("is text that Prometheus parses", async () => {
    const server = scriptedServer();
    await server.post(COMPLETIONS, { prompt: "x" });
    const lines = await scrape(server);
    const sample = /^[a-zA-Z_:][\w:]*(\{(\w+="(\\.|[^"\\])*",?)+\})? -?(\d+(\.\d+)?(e[+-]?\d+)?|\+Inf)$/;
    const typed = new Set(lines.flatMap((line) => /^# TYPE (\S+) (?:counter|gauge|histogram)$/.exec(line)?.[1] ?? []));
    for (const line of lines) {
      if (line.startsWith("# ")) continue;
      expect(line).toMatch(sample);
      const name = line.replace(/[{ ].*$/, "");
      expect([...typed]).toContain(typed.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ""));
    }
    const types = lines.filter((line) => line.startsWith("# TYPE"));
    expect(new Set(types).size).toBe(types.length);
  });

  it("is what docs/metrics.md lists", async () => {
    const lines = await scrape(scriptedServer());
    const named = lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []);
    const page = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
    const listed = [...page.matchAll(/^\| `([\w:]+)`/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(named.toSorted());
  });

  it("tells how late the event loop was since the last scrape, from the first one on", async () => {
    const server = scriptedServer();
    const delays = async () =>
      samples(await scrape(server), "turnwise_event_loop_delay_seconds").map(({ labels, value }) => [
        labels["quantile"],
        value,
      ]);
    expect(await delays()).toEqual([]);
    // Until its timer has run.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await delays()).toEqual([
      ["0.5", expect.any(Number)],
      ["0.99", expect.any(Number)],
      ["1", expect.any(Number)],
    ]);
    await server.server.close();
  });

  it("tells where the weights are", async () => {
    const server = scriptedServer();
    expect(samples(await scrape(server), "turnwise_weight_bytes")).toEqual([
      { labels: { model_name: "fake-1b", memory: "anonymous" }, value: 1 },
    ]);
    const pack = { from: "pack", pack: "weights.twpack", note: null } as const;
    Object.assign(server.engine, { capacity: { ...server.engine.capacity, weightOrigin: pack } });
    expect(samples(await scrape(server), "turnwise_weight_bytes")[0]?.labels["memory"]).toBe("mapped");
  });

  it("shows a request in progress", async () => {
    const { get, post, engine } = scriptedServer({ endless: true, tokenMs: 5 });
    const stream = await post(COMPLETIONS, { prompt: "x", stream: true });
    await until(() => engine.running === 1, "the request to run");
    expect(await (await get("/metrics")).text()).toContain('vllm:num_requests_running{model_name="fake-1b"} 1\n');
    await stream.body?.cancel();
    await until(() => engine.running === 0, "the request to end");
  });
});
