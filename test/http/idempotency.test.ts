/** `Idempotency-Key`: a request that is sent again runs once. */

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { turnwiseError } from "../../src/base/errors.ts";
import { readEvents, scriptedServer, until } from "./support/test-server.ts";

const KEY = { "idempotency-key": "k1" };
const messages = [{ role: "user", content: "Hi" }];
const REQUESTS = [
  ["/v1/chat/completions", { messages }],
  ["/v1/completions", { prompt: "Hi", max_tokens: 9 }],
  ["/v1/responses", { input: "Hi" }],
  ["/v1/messages", { model: "fake-1b", messages, max_tokens: 9 }],
] as const;

const folder = mkdtempSync(join(tmpdir(), "turnwise-idempotency-"));
const digest = (key: string): string => createHash("sha256").update(key).digest("hex");
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(REQUESTS)("POST %s under an Idempotency-Key", (path, body) => {
  it.each([false, true])("runs once and has one answer (stream: %s)", async (stream) => {
    const { post, engine } = scriptedServer({ tokenMs: 5 });
    const [first, joined] = await Promise.all([
      post(path, { ...body, stream }, KEY),
      post(path, { ...body, stream }, KEY),
    ]);
    const texts = await Promise.all([first.text(), joined.text()]);
    const later = await post(path, { ...body, stream }, KEY);
    expect(await later.text()).toBe(texts[0]);
    expect(texts[1]).toBe(texts[0]);
    expect(texts[0]).toContain("world");
    expect(engine.requests).toHaveLength(1);
    const replayed = [first, joined, later].map(({ headers }) => headers.get("idempotent-replayed"));
    expect(replayed).toEqual([null, "true", "true"]);
    expect(later.headers.get("content-type")).toBe(first.headers.get("content-type"));
    expect(later.headers.get("x-request-id")).not.toBe(first.headers.get("x-request-id"));
  });

  it("is refused with another body", async () => {
    const { post, engine } = scriptedServer();
    await post(path, body, KEY);
    const other = await post(path, { ...body, temperature: 0 }, KEY);
    expect(other.status).toBe(422);
    expect(JSON.stringify(await other.json())).toContain("another body");
    expect(engine.requests).toHaveLength(1);
    expect((await post(path, { ...body, temperature: 0 }, { "idempotency-key": "k2" })).status).toBe(200);
  });

  it("goes on when its client leaves, and is there when it comes back", async () => {
    const { server, post, engine } = scriptedServer({ tokenMs: 20 });
    const connection = new AbortController();
    const init = {
      method: "POST",
      body: JSON.stringify({ ...body, stream: true }),
      headers: { "content-type": "application/json", ...KEY },
      signal: connection.signal,
    };
    const reader = (await server.app.request(path, init)).body?.getReader();
    await reader?.read();
    connection.abort();
    const again = await post(path, { ...body, stream: true }, KEY);
    expect(await again.text()).toContain("world");
    expect([engine.requests.length, engine.cancelled]).toEqual([1, 0]);
  });
});

describe("an Idempotency-Key", () => {
  const [path, body] = REQUESTS[0];

  it("is not held by what failed: the same request may be tried again", async () => {
    const failure = { afterTokens: 1, error: turnwiseError("engine_failed", { reason: "broken" }) };
    const { post, engine } = scriptedServer({ failure });
    const [failed, joined] = await Promise.all([post(path, body, KEY), post(path, body, KEY)]);
    expect([failed.status, joined.status]).toEqual([500, 500]);
    const stream = await post(path, { ...body, stream: true }, KEY);
    expect(JSON.stringify(await readEvents(stream))).toContain("error");
    engine.script = { text: "Well again" };
    const retried = await post(path, body, KEY);
    expect([retried.status, retried.headers.get("idempotent-replayed")]).toEqual([200, null]);
  });

  it("is not held by what was refused", async () => {
    const { post } = scriptedServer();
    expect((await post(path, { messages: 5 }, KEY)).status).toBe(400);
    expect((await post(path, body, KEY)).status).toBe(200);
  });

  it("belongs to a tenant and a route", async () => {
    const apiKeyFile = join(folder, "keys.json");
    writeFileSync(apiKeyFile, JSON.stringify({ [digest("a1")]: { tenant: "a" }, [digest("b1")]: { tenant: "b" } }));
    const { post, engine } = scriptedServer({}, { apiKeyFile });
    for (const key of ["a1", "b1", "a1"]) {
      for (const [route, fields] of REQUESTS.slice(0, 2)) {
        await (await post(route, fields, { ...KEY, authorization: `Bearer ${key}` })).text();
      }
    }
    expect(engine.requests).toHaveLength(4);
  });

  it("makes a session once, and lets a turn be sent again while it runs", async () => {
    const { post, get, engine } = scriptedServer({ tokenMs: 20 });
    const created = (await (await post("/v1/sessions", {}, KEY)).json()) as { id: string };
    expect(await (await post("/v1/sessions", {}, KEY)).json()).toMatchObject({ id: created.id });
    const turn = { session: { id: created.id, after: null }, messages };
    const [first, again] = await Promise.all([post(path, turn, KEY), post(path, turn, KEY)]);
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(await again.text()).toBe(await first.text());
    expect((await post(path, turn, KEY)).status).toBe(200);
    expect((await post(path, turn)).status).toBe(409);
    const session = (await (await get(`/v1/sessions/${created.id}`)).json()) as { turns: unknown[] };
    expect(session.turns).toHaveLength(1);
    expect(engine.requests).toHaveLength(1);
  });

  it("does not outlive a drain", async () => {
    const { server, post, engine } = scriptedServer({ endless: true, tokenMs: 5 }, { drainTimeout: 0 });
    const first = await post(path, { ...body, stream: true }, KEY);
    const joined = await post(path, { ...body, stream: true }, KEY);
    await server.drain("test");
    await Promise.all([first.text(), joined.text()]);
    await until(() => engine.running === 0, "the run to end");
    expect(engine.cancelled).toBe(1);
  });

  it.each(["", "k".repeat(256)])("has 1 to 255 characters", async (key) => {
    const { post } = scriptedServer();
    const response = await post(path, body, { "idempotency-key": key });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param: "Idempotency-Key" } });
  });
});
