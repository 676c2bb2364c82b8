/** Clients that do not read what they asked for, over sockets and the engine itself. Needs the build. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineOptions, EngineStats } from "../../src/engine/types.ts";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { connectRaw, type RawConnection, rawPost } from "./support/raw-client.ts";
import { type TestServer, testServer } from "./support/test-server.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-slow-"));
const model = join(folder, "tiny.gguf");
beforeAll(() => writeRandomModel(model, "tiny", "q8_0", 1));
afterAll(() => rmSync(folder, { recursive: true }));

const EVENT_BYTES = 16 * 1024;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Listening extends TestServer {
  readonly engine: Engine;
  readonly url: string;
  /** A client that asks and reads nothing until its socket is resumed. */
  readonly ask: (path: string, body: object) => RawConnection;
}

async function listening(options: Partial<EngineOptions>): Promise<Listening> {
  const engine = await Engine.load({ model, contextTokens: 1024, maxUnreadTokens: 32, ...options });
  closers.push(() => engine.dispose());
  // Every event has the model's name: some hundred of them fill the sockets' buffers.
  const test = testServer(engine, { alias: "m".repeat(EVENT_BYTES) });
  const { url, port } = await test.server.listen();
  closers.push(() => test.server.close());
  const ask = (path: string, body: object): RawConnection => {
    const connection = connectRaw(port);
    connection.socket.write(rawPost(path, body));
    connection.socket.pause();
    return connection;
  };
  return { ...test, engine, url, ask };
}

/** With the size of an event some 15 MB; the kernel keeps at most 4 MiB for who sends. */
const LONG = { stream: true, ignore_eos: true, max_tokens: 900 } as const;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5);
}

/** A reader that is only slow for a moment is parked for a moment. */
async function parkedForGood(engine: Engine): Promise<EngineStats> {
  for (;;) {
    const before = await engine.stats();
    await sleep(200);
    const after = await engine.stats();
    if (after.parked === 1 && after.outputTokens === before.outputTokens) return after;
  }
}

describe("a client that never reads", () => {
  it("is parked, then cancelled, and others go on meanwhile", async () => {
    const { engine, ask, url, logs } = await listening({ parkTimeoutMs: 2000 });
    const { socket, received } = ask("/v1/completions", { ...LONG, prompt: "Once" });
    const { outputTokens, ...parked } = await parkedForGood(engine);
    // It has no place and no pages but in the cache.
    expect(parked).toMatchObject({ running: 0, pagesUsed: 0, cancelled: 0 });
    expect(outputTokens).toBeLessThan(LONG.max_tokens);
    const other = await fetch(`${url}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ prompt: "Twice", max_tokens: 20, ignore_eos: true }),
    });
    expect(await other.json()).toMatchObject({ usage: { completion_tokens: 20 } });
    await until(async () => (await engine.stats()).cancelled === 1);
    expect(await engine.stats()).toMatchObject({ parked: 0, pagesUsed: 0, outputTokens: outputTokens + 20 });
    // What it has of the answer ends with the reason.
    socket.resume();
    await until(() => received().endsWith("0\r\n\r\n"));
    expect(received()).toContain('"code":"reader_behind"');
    expect(received()).not.toContain('"finish_reason":"length"');
    expect(logs).toMatchObject([{ status: 200 }, { status: 499, error: "reader_behind" }]);
    socket.destroy();
  });
});

describe("a session whose turn is not read", () => {
  it("is parked, and goes on when its client reads", async () => {
    const { engine, ask, url, post } = await listening({});
    const { id } = (await (await post("/v1/sessions", {})).json()) as { id: string };
    const session = async (): Promise<unknown> => (await fetch(`${url}/v1/sessions/${id}`)).json();
    expect(await session()).toMatchObject({ state: "idle", head: null });
    const messages = [{ role: "user", content: "Hi" }];
    const { socket, received } = ask("/v1/chat/completions", { ...LONG, session: { id }, messages });
    await parkedForGood(engine);
    expect(await session()).toMatchObject({ state: "parked", head: null });
    const busy = await post("/v1/chat/completions", { session: { id }, messages });
    expect([busy.status, busy.headers.get("x-should-retry")]).toEqual([409, "false"]);
    socket.resume();
    await until(() => received().endsWith("0\r\n\r\n"));
    expect(received()).toContain('"finish_reason":"length"');
    expect(await session()).toMatchObject({ state: "idle", turns: [{ output_tokens: LONG.max_tokens }] });
    socket.destroy();
  });
});
