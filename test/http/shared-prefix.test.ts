/** `--shared-prefix` over the engine itself: all tenants find it, and no more of each other than without. Needs the build. */

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { scriptedServer, testServer } from "./support/test-server.ts";

const CHAT = "/v1/chat/completions";
const folder = mkdtempSync(join(tmpdir(), "turnwise-shared-"));
const model = join(folder, "tiny.gguf");
const apiKeyFile = join(folder, "keys.json");
const conversation = join(folder, "agent.json");
const text = join(folder, "text.txt");
const digest = (key: string): string => createHash("sha256").update(key).digest("hex");

const SYSTEM = { role: "system", content: "You are the agent that everybody here uses, and you answer in few words." };
const TOOLS = [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }];
const TEXT = "It was the best of times, it was the worst of times, it was the age of wisdom";

beforeAll(() => {
  writeRandomModel(model, "tiny", "q8_0", 1);
  writeFileSync(apiKeyFile, JSON.stringify({ [digest("a1")]: { tenant: "a" }, [digest("b1")]: { tenant: "b" } }));
  writeFileSync(conversation, JSON.stringify({ messages: [SYSTEM], tools: TOOLS }));
  writeFileSync(text, TEXT);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Counts {
  readonly prompt: number;
  readonly cached: number;
  readonly miss: unknown;
}

/** What each of these requests, by key, finds on a server of its own. */
async function play(requests: readonly (readonly [key: string, path: string, body: object])[]): Promise<Counts[]> {
  const engine = await Engine.load({ model, contextTokens: 1024 });
  const test = testServer(engine, { apiKeyFile, sharedPrefix: [conversation, text] });
  await test.server.ready;
  const counts: Counts[] = [];
  for (const [key, path, body] of requests) {
    const response = await test.post(
      path,
      { temperature: 0, max_tokens: 4, ...body },
      { authorization: `Bearer ${key}` },
    );
    const { usage, turnwise } = (await response.json()) as {
      usage: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } };
      turnwise: { miss: unknown };
    };
    const cached = usage.prompt_tokens_details.cached_tokens;
    counts.push({ prompt: usage.prompt_tokens, cached, miss: turnwise.miss });
  }
  const models = (await (await test.get("/v1/models", { authorization: "Bearer a1" })).json()) as {
    data: { turnwise: { shared_prefixes: unknown } }[];
  };
  expect(models.data[0]?.turnwise.shared_prefixes).toEqual([
    { name: "agent.json", tokens: expect.any(Number) },
    { name: "text.txt", tokens: expect.any(Number) },
  ]);
  await test.server.close();
  await engine.dispose();
  return counts;
}

const chat = (key: string, content: string): readonly [string, string, object] => [
  key,
  CHAT,
  { messages: [SYSTEM, { role: "user", content }], tools: TOOLS, tool_choice: "auto" },
];

describe("a shared prefix", () => {
  it("is found by all tenants, and tells neither of the other", async () => {
    const own = [chat("b1", "Hello there"), ["b1", "/v1/completions", { prompt: `${TEXT} of foolishness` }]] as const;
    const alone = await play(own);
    // A has had the very same before.
    const after = await play([...own.map(([, path, body]) => ["a1", path, body] as const), ...own]);
    expect(after.slice(2)).toEqual(alone);
    expect(after.slice(0, 2)).toEqual(alone);
    const [first, second] = alone;
    // All but the message and what the template writes behind it.
    expect((first?.prompt ?? 0) - (first?.cached ?? 0)).toBeLessThan(70);
    expect(first?.cached).toBeGreaterThan(100);
    expect(second?.cached).toBeGreaterThan(20);
  });

  it("is refused where it leaves too little of the page pool, and then nothing is served", async () => {
    const engine = await Engine.load({ model, contextTokens: 128, kvMemoryBytes: 40_000 });
    writeFileSync(join(folder, "long.txt"), TEXT.repeat(3).slice(0, 200));
    const { server, get } = testServer(engine, { sharedPrefix: [join(folder, "long.txt")] });
    await expect(server.ready).rejects.toMatchObject({ code: "memory_insufficient" });
    expect((await get("/ready")).status).toBe(503);
    await server.close();
    await engine.dispose();
  });

  it.each([
    ["nothing.txt", null, "file_unreadable"],
    ["broken.json", "{", "conversation_invalid"],
    ["empty.json", "{}", "conversation_invalid"],
    ["list.json", JSON.stringify([SYSTEM]), "conversation_invalid"],
    ["other.json", JSON.stringify({ messages: [SYSTEM], temperature: 1 }), "conversation_invalid"],
  ])("in %s is refused", async (name, content, code) => {
    const path = join(folder, name);
    if (content !== null) writeFileSync(path, content);
    const { server } = scriptedServer({}, { sharedPrefix: [path] });
    await expect(server.ready).rejects.toMatchObject({ code });
    await server.close();
  });
});
