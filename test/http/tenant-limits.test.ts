/** Limits of tenants' keys over sockets and the engine itself: whose work they stop, and whose not. Needs the build. */

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { testServer } from "./support/test-server.ts";
import type { TestServer } from "./support/test-server.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-limits-"));
const model = join(folder, "tiny.gguf");
const apiKeyFile = join(folder, "keys.json");
const digest = (key: string): string => createHash("sha256").update(key).digest("hex");
const KEYS = {
  wide: { tenant: "wide" },
  tight: { tenant: "tight", limits: { kv_share: 0.25 } },
  short: { tenant: "short", limits: { max_turn_tokens: 100 } },
  patient: { tenant: "patient", limits: { max_waiting: 1 } },
  hasty: { tenant: "hasty", limits: { turn_timeout_s: 0.02 } },
  few: { tenant: "few", limits: { max_sessions: 1 } },
  urgent: { tenant: "urgent", priority: 1 },
};
type Key = keyof typeof KEYS;

/** The context's 512 tokens fill two thirds of it. */
const POOL_PAGES = 24;
const PAGE_TOKENS = 32;

let engine: Engine;
let test: TestServer;
let url: string;

beforeAll(async () => {
  writeRandomModel(model, "tiny", "q8_0", 1);
  writeFileSync(
    apiKeyFile,
    JSON.stringify(Object.fromEntries(Object.entries(KEYS).map(([key, row]) => [digest(key), row]))),
  );
  const probe = await Engine.load({ model, contextTokens: 512 });
  const pageBytes = probe.capacity.kvBytes / probe.capacity.pages;
  await probe.dispose();
  engine = await Engine.load({ model, contextTokens: 512, maxSequences: 2, kvMemoryBytes: POOL_PAGES * pageBytes });
  test = testServer(engine, { apiKeyFile });
  ({ url } = await test.server.listen());
});
afterAll(async () => {
  await test.server.close();
  await engine.dispose();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly usage?: {
    readonly completion_tokens: number;
    readonly prompt_tokens_details: { readonly cached_tokens: number };
  };
  readonly error?: { readonly code: string; readonly message: string };
}

async function ask(
  key: Key,
  fields: object,
): Promise<Answer & { readonly status: number; readonly retryAfter: number }> {
  const response = await fetch(`${url}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ temperature: 0, ignore_eos: true, max_tokens: 4, ...fields }),
  });
  const { status, headers } = response;
  return { ...((await response.json()) as Answer), status, retryAfter: Number(headers.get("retry-after")) };
}

async function session(key: Key, method: string, path = ""): Promise<{ readonly id: string; readonly status: number }> {
  const headers = { authorization: `Bearer ${key}` };
  const response = await fetch(`${url}/v1/sessions${path}`, { method, headers });
  return { ...((await response.json()) as { id: string }), status: response.status };
}

/** Texts of different seeds have no beginning in common. */
const promptOf = (tokens: number, seed: number): number[] =>
  Array.from({ length: tokens }, (_, index) => 65 + ((index + seed * 7) % 50));

describe("a tenant's share of the pages", () => {
  const quotaTokens = (POOL_PAGES * PAGE_TOKENS) / 4;

  it("is hard: its requests wait for each other and evict its own cache, never another tenant's", async () => {
    const kept = promptOf(400, 1);
    expect(await ask("wide", { prompt: kept })).toMatchObject({ status: 200 });
    let most = 0;
    const watch = setInterval(() => void engine.stats().then(({ pagesUsed }) => (most = Math.max(most, pagesUsed))), 1);
    // 10 prompts of 4 pages: 40 pages, of the 6 that it may have.
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, seed) => ask("tight", { prompt: promptOf(120, seed + 2) })),
    );
    clearInterval(watch);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(most).toBeLessThanOrEqual(quotaTokens / PAGE_TOKENS);
    const again = await ask("wide", { prompt: kept });
    expect(again.usage?.prompt_tokens_details.cached_tokens).toBe(kept.length - 1);
  });

  it("refuses what could never fit, and what fits another tenant's", async () => {
    const prompt = promptOf(quotaTokens, 20);
    const refused = await ask("tight", { prompt });
    expect([refused.status, refused.error?.code]).toEqual([400, "memory_insufficient"]);
    expect(await ask("wide", { prompt })).toMatchObject({ status: 200 });
  });
});

describe("limits of a key", () => {
  it("max_turn_tokens bounds a request's prompt and output", async () => {
    const refused = await ask("short", { prompt: promptOf(90, 30), max_tokens: 11 });
    expect([refused.status, refused.error?.code]).toEqual([400, "tenant_turn_too_long"]);
    expect(refused.error?.message).toContain("100");
    expect(await ask("short", { prompt: promptOf(90, 30), max_tokens: 10 })).toMatchObject({ status: 200 });
    const several = await ask("short", { prompt: promptOf(60, 30), max_tokens: 11, n: 4 });
    expect([several.status, several.error?.message]).toEqual([
      400,
      expect.stringContaining("104 (60 in the prompt, 44 for"),
    ]);
    expect(await ask("short", { prompt: promptOf(60, 30), max_tokens: 10, n: 4 })).toMatchObject({ status: 200 });
  });

  it("max_sessions bounds a tenant's sessions and forks, no other tenant's", async () => {
    const { id, status } = await session("few", "POST");
    expect(status).toBe(200);
    const full = { status: 429, error: { code: "too_many_sessions" } };
    expect(await session("few", "POST")).toMatchObject(full);
    expect(await session("few", "POST", `/${id}/fork`)).toMatchObject(full);
    for (let count = 0; count < 2; count++) expect(await session("wide", "POST")).toMatchObject({ status: 200 });
    expect(await session("few", "DELETE", `/${id}`)).toMatchObject({ status: 200 });
    expect(await session("few", "POST")).toMatchObject({ status: 200 });
  });

  it("turn_timeout_s ends what takes longer, and no other tenant's", async () => {
    const long = { prompt: promptOf(10, 40), max_tokens: 500 };
    const [ended, other] = await Promise.all([ask("hasty", long), ask("wide", long)]);
    expect([ended.status, ended.error?.code]).toEqual([504, "deadline_exceeded"]);
    expect(other).toMatchObject({ status: 200, usage: { completion_tokens: 500 } });
  });

  it("max_waiting refuses a tenant's next with 429 and when to come again, no other tenant's", async () => {
    // Both places are taken by those who are served before all others.
    const long = { max_tokens: 490, logprobs: 5 };
    const running = [50, 51].map((seed) => ask("urgent", { prompt: promptOf(10, seed), ...long }));
    await until(async () => (await engine.stats()).running === 2);
    const asked = [52, 53, 54].map((seed) => ask("patient", { prompt: promptOf(10, seed) }));
    const other = ask("wide", { prompt: promptOf(10, 55) });
    const answers = (await Promise.all(asked)).toSorted((one, two) => one.status - two.status);
    expect(answers.map(({ status, error }) => [status, error?.code])).toEqual([
      [200, undefined],
      [429, "tenant_queue_full"],
      [429, "tenant_queue_full"],
    ]);
    expect(answers[1]?.retryAfter).toBeGreaterThanOrEqual(1);
    for (const answer of [other, ...running]) expect(await answer).toMatchObject({ status: 200 });
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 1));
}
