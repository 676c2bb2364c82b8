/** Sessions and resent conversations over the engine itself. Needs the build. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { readEvents, scriptedServer, testServer, until } from "./support/test-server.ts";
import type { TestServer } from "./support/test-server.ts";

const CHAT = "/v1/chat/completions";
const SESSIONS = "/v1/sessions";
const folder = mkdtempSync(join(tmpdir(), "turnwise-sessions-"));
const model = join(folder, "tiny.gguf");

let engine: Engine;
let test: TestServer;

beforeAll(async () => {
  writeRandomModel(model, "tiny", "q8_0", 1);
  engine = await Engine.load({ model, contextTokens: 2048, maxSequences: 8 });
  test = testServer(engine);
});
afterAll(async () => {
  await test.server.close();
  await engine.dispose();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details: { readonly cached_tokens: number };
  };
  readonly turnwise: { readonly session: string | null; readonly turn: string; readonly miss: unknown };
}

interface SessionAnswer {
  readonly id: string;
  readonly head: string | null;
  readonly parent: string | null;
  readonly turns: readonly { readonly id: string }[];
  readonly state: string;
}

const user = (content: string): object => ({ role: "user", content });

async function json<Body>(response: Response): Promise<Body> {
  const body = (await response.json()) as Body;
  expect({ status: response.status, body }).toMatchObject({ status: 200 });
  return body;
}

const chat = async (fields: object): Promise<Answer> =>
  json<Answer>(await test.post(CHAT, { temperature: 0, max_tokens: 12, ignore_eos: true, ...fields }));
const create = async (fields: object = {}): Promise<SessionAnswer> =>
  json<SessionAnswer>(await test.post(SESSIONS, fields));
const read = async (id: string): Promise<SessionAnswer> => json<SessionAnswer>(await test.get(`${SESSIONS}/${id}`));

/** Tokens of a turn that were in the ledger before it, all but the last of which need no computing. */
const ledgerTokens = ({ usage }: Answer): number => usage.prompt_tokens + usage.completion_tokens;
const cached = ({ usage }: Answer): number => usage.prompt_tokens_details.cached_tokens;

describe("a session", () => {
  it("goes on from its own tokens: a turn computes what is new", async () => {
    const { id, head, state } = await create({ messages: [{ role: "system", content: "Be short." }] });
    expect([head, state]).toEqual([null, "idle"]);
    const first = await chat({ session: { id }, messages: [user("Hello there")] });
    expect(first.turnwise).toMatchObject({ session: id, miss: null });
    const second = await chat({ session: { id, after: first.turnwise.turn }, messages: [user("And more")] });
    // The last token of the first turn was generated, but never computed.
    expect(cached(second)).toBe(ledgerTokens(first) - 1);
    const { turns, head: last } = await read(id);
    expect(turns.map((turn) => turn.id)).toEqual([first.turnwise.turn, second.turnwise.turn]);
    expect(last).toBe(second.turnwise.turn);
  });

  it("refuses a turn after another head than it has, and tells clients not to try again", async () => {
    const { id } = await create();
    const first = await chat({ session: { id }, messages: [user("One")] });
    const stale = await test.post(CHAT, { session: { id, after: "turn_0" }, messages: [user("Two")] });
    expect([stale.status, stale.headers.get("x-should-retry")]).toEqual([409, "false"]);
    expect(await stale.json()).toMatchObject({ error: { code: "session_conflict" } });
    expect((await read(id)).head).toBe(first.turnwise.turn);
  });

  it("forks and rolls back without computing again", async () => {
    const { id } = await create();
    const first = await chat({ session: { id }, messages: [user("Root of all")] });
    const second = await chat({ session: { id }, messages: [user("Branch A")] });
    const fork = await json<SessionAnswer>(await test.post(`${SESSIONS}/${id}/fork`, { at: first.turnwise.turn }));
    expect([fork.parent, fork.head]).toEqual([id, first.turnwise.turn]);
    const branch = await chat({ session: { id: fork.id }, messages: [user("Branch B")] });
    expect(cached(branch)).toBeGreaterThanOrEqual(ledgerTokens(first) - 1);
    const back = await json<SessionAnswer>(await test.post(`${SESSIONS}/${id}/rollback`, { to: first.turnwise.turn }));
    expect(back.head).toBe(first.turnwise.turn);
    const again = await chat({ session: { id }, messages: [user("Branch A")] });
    expect(again.choices).toEqual(second.choices);
    expect(cached(again)).toBe(again.usage.prompt_tokens - 1);
  });

  it("keeps its head when a turn is cancelled, and is busy until then", async () => {
    const { post, get, engine: fake } = scriptedServer({ endless: true, tokenMs: 5 });
    const { id } = await json<SessionAnswer>(await post(SESSIONS, {}));
    const running = await post(CHAT, { session: { id }, messages: [user("Go")], stream: true });
    const second = await post(CHAT, { session: { id }, messages: [user("Me too")] });
    expect([second.status, second.headers.get("retry-after")]).toEqual([409, "2"]);
    expect(await second.json()).toMatchObject({ error: { code: "session_busy" } });
    await post(`${SESSIONS}/${id}/cancel`, {});
    await readEvents(running);
    await until(() => fake.running === 0, "the turn to end");
    expect(await (await get(`${SESSIONS}/${id}`)).json()).toMatchObject({ head: null, state: "idle" });
  });

  it("has the tools and the system prompt that it began with", async () => {
    const { id } = await create({ messages: [{ role: "system", content: "Be short." }] });
    const tools = [{ type: "function", function: { name: "f" } }];
    for (const change of [
      { logit_bias: { "99999": 1 } },
      { max_tokens: 99_999 },
      { tools },
      { messages: [{ role: "system", content: "Be long." }] },
      { n: 2 },
    ]) {
      const response = await test.post(CHAT, { session: { id }, messages: [user("Hi")], max_tokens: 2, ...change });
      expect(response.status).toBe(400);
    }
    expect((await read(id)).state).toBe("idle");
  });

  it("can be listed and deleted, and is not found afterwards", async () => {
    const { id } = await create({ metadata: { agent: "one" }, ttl_s: 60 });
    const { data } = await json<{ data: SessionAnswer[] }>(await test.get(SESSIONS));
    expect(data.find((session) => session.id === id)).toMatchObject({ metadata: { agent: "one" } });
    expect((await test.server.app.request(`${SESSIONS}/${id}`, { method: "DELETE" })).status).toBe(200);
    for (const path of ["", "/fork", "/cancel"]) {
      const method = path === "" ? "GET" : "POST";
      const response = await test.server.app.request(`${SESSIONS}/${id}${path}`, { method });
      expect(response.status).toBe(404);
    }
  });
});

describe("a client that resends its conversation", () => {
  it("computes only what is new, though its replies come back as text", async () => {
    const messages = [user("Tell me everything about it")];
    const first = await chat({ messages });
    const reply = first.choices[0]?.message.content ?? "";
    const second = await chat({ messages: [...messages, { role: "assistant", content: reply }, user("Go on")] });
    expect(cached(second)).toBe(ledgerTokens(first) - 1);
    expect(second.turnwise).toMatchObject({ session: null, miss: null });
  });
});
