/** Tenants over the engine itself: what one has cached changes nothing for another. Needs the build. */

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { readEvents, scriptedServer, testServer, until } from "./support/test-server.ts";
import type { TestServer } from "./support/test-server.ts";

const COMPLETIONS = "/v1/completions";
const folder = mkdtempSync(join(tmpdir(), "turnwise-tenants-"));
const model = join(folder, "tiny.gguf");
const keyFile = join(folder, "keys.json");
const digest = (key: string): string => createHash("sha256").update(key).digest("hex");

let engine: Engine;
let test: TestServer;

beforeAll(async () => {
  writeRandomModel(model, "tiny", "q8_0", 1);
  writeFileSync(
    keyFile,
    JSON.stringify({
      [digest("a1")]: { tenant: "a" },
      [digest("a2")]: { tenant: "a", name: "the next key" },
      [digest("b1")]: { tenant: "b" },
      [digest("c1")]: { tenant: "c", limits: { max_requests: 1 } },
      [digest("c2")]: { tenant: "c", limits: { max_requests: 1 } },
    }),
  );
  engine = await Engine.load({ model, contextTokens: 512, maxSequences: 8 });
  test = testServer(engine, { apiKeyFile: keyFile });
});
afterAll(async () => {
  await test.server.close();
  await engine.dispose();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly usage: {
    readonly prompt_tokens: number;
    readonly prompt_tokens_details: { readonly cached_tokens: number };
  };
  readonly turnwise: Readonly<Record<string, unknown>>;
}

async function complete(key: string, prompt: string, fields: object = {}): Promise<Answer> {
  const body = { prompt, max_tokens: 4, temperature: 0, ignore_eos: true, ...fields };
  const response = await test.post(COMPLETIONS, body, { authorization: `Bearer ${key}` });
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

const as = (key: string) => ({ authorization: `Bearer ${key}` });
const cached = ({ usage }: Answer): number => usage.prompt_tokens_details.cached_tokens;

describe("tenants", () => {
  it("find their own prompts again, with any of their keys, and nobody else's", async () => {
    const prompt = "The quick brown fox jumps over the lazy dog, again and again and again.";
    const first = await complete("a1", prompt);
    const again = await complete("a2", prompt);
    const other = await complete("b1", prompt);
    expect(cached(first)).toBe(0);
    expect(cached(again)).toBe(first.usage.prompt_tokens - 1);
    // B sees what A saw when nothing was cached.
    expect(other.usage).toEqual(first.usage);
    expect(other.turnwise["tokens"]).toEqual(first.turnwise["tokens"]);
  });

  it("see no session but their own, and end none of another's", async () => {
    const made = await test.post("/v1/sessions", {}, as("a1"));
    const { id } = (await made.json()) as { id: string };
    const path = `/v1/sessions/${id}`;
    const chat = { session: { id }, messages: [{ role: "user", content: "Hi" }], max_tokens: 2 };
    for (const response of [
      await test.get(path, as("b1")),
      await test.get(`${path}/explain`, as("b1")),
      await test.post(`${path}/fork`, {}, as("b1")),
      await test.post(`${path}/rollback`, { to: "" }, as("b1")),
      await test.post(`${path}/cancel`, {}, as("b1")),
      await test.post("/v1/chat/completions", chat, as("b1")),
      await test.server.app.request(path, { method: "DELETE", headers: as("b1") }),
    ]) {
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: "session_not_found" } });
    }
    const idsOf = async (key: string): Promise<string[]> => {
      const list = (await (await test.get("/v1/sessions", as(key))).json()) as { data: { id: string }[] };
      return list.data.map((session) => session.id);
    };
    // The tenant's next key reads what its first one made.
    expect([await idsOf("b1"), await idsOf("a2")]).toEqual([[], [id]]);
  });

  it("keep parts of their cache apart by prompt_cache_key", async () => {
    const prompt = "Sphinx of black quartz, judge my vow, and judge it once more for me.";
    const counts: number[] = [];
    for (const key of ["x", "y", "x"]) {
      counts.push(cached(await complete("a1", prompt, { prompt_cache_key: key })));
    }
    expect(counts[0]).toBe(0);
    expect(counts[1]).toBe(0);
    expect(counts[2]).toBeGreaterThan(10);
  });

  it("are told what was found, computed and made, whole and on the last chunk", async () => {
    const whole = await complete("c1", "What was found is told.", { user: "ann" });
    const tokens = { cached: 0, prefilled: whole.usage.prompt_tokens, generated: 4 };
    const ms = { queue: expect.any(Number), prefill: expect.any(Number), decode: expect.any(Number) };
    expect(whole.turnwise).toEqual({ session: null, turn: null, tokens, ms, miss: null, ignored: ["user"] });
    const body = { prompt: "What was found is told.", max_tokens: 4, temperature: 0, ignore_eos: true, stream: true };
    const events = await readEvents(await test.post(COMPLETIONS, body, { authorization: "Bearer c1" }));
    expect(events.at(-2)).toMatchObject({
      choices: [{ finish_reason: "length" }],
      turnwise: { tokens: { cached: whole.usage.prompt_tokens - 1, prefilled: 1, generated: 4 }, ignored: [] },
    });
  });

  it("have no more requests in progress than each of their keys may", async () => {
    const { post, engine: fake } = scriptedServer({ endless: true, tokenMs: 5 }, { apiKeyFile: keyFile });
    const headers = { authorization: "Bearer c1" };
    const first = await post(COMPLETIONS, { prompt: "x", stream: true }, headers);
    const second = await post(COMPLETIONS, { prompt: "x", stream: true }, headers);
    expect([second.status, second.headers.get("retry-after")]).toEqual([429, "2"]);
    expect(await second.json()).toMatchObject({ error: { code: "key_busy" } });
    const others = await Promise.all(
      ["b1", "c2"].map(async (key) =>
        post(COMPLETIONS, { prompt: "x", stream: true }, { authorization: `Bearer ${key}` }),
      ),
    );
    expect(others.map(({ status }) => status)).toEqual([200, 200]);
    for (const running of [first, ...others]) await running.body?.cancel();
    await until(() => fake.running === 0, "all to end");
  });
});
