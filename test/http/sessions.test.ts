/** Sessions and resent conversations over the engine itself. Needs the build. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { turnwiseError } from "../../src/base/errors.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { SessionExplanation } from "../../src/server/answers/session-answers.ts";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { readEvents, scriptedServer, testServer, until } from "./support/test-server.ts";
import type { TestServer } from "./support/test-server.ts";

const CHAT = "/v1/chat/completions";
const SESSIONS = "/v1/sessions";
/** Of the tiny model, with 8-bit K and V. */
const KV_PAGE_BYTES = 7680;
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
  readonly choices: readonly {
    readonly message: {
      readonly content: string;
      readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly name: string } }[];
    };
  }[];
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

  it("tells its turns with what each found, its model and how long it lives", async () => {
    const made = await create({ ttl_s: 600, metadata: { agent: "one" } });
    const turn = await chat({ session: { id: made.id }, messages: [user("What do you know of yourself?")] });
    const { data } = await json<{ data: { id: string }[] }>(await test.get("/v1/models"));
    const nowS = Math.floor(Date.now() / 1000);
    const session = await json<{ created_at: number; expires_at: number }>(await test.get(`${SESSIONS}/${made.id}`));
    expect(session).toEqual({
      id: expect.stringMatching(/^sess_[0-9a-f]{32}$/),
      object: "session",
      created_at: expect.any(Number),
      model: data[0]?.id,
      head: turn.turnwise.turn,
      parent: null,
      turns: [
        {
          id: turn.turnwise.turn,
          role: "assistant",
          prompt_tokens: turn.usage.prompt_tokens,
          output_tokens: 12,
          cached_tokens: cached(turn),
        },
      ],
      state: "idle",
      ttl_s: 600,
      expires_at: expect.any(Number),
      metadata: { agent: "one" },
    });
    expect(Math.abs(session.created_at - nowS)).toBeLessThan(60);
    // From its last use.
    expect(session.expires_at - session.created_at).toBeGreaterThanOrEqual(600);
    expect(session.expires_at - nowS).toBeLessThanOrEqual(600);
  });

  it("lists what was ignored of how it was made", async () => {
    const message = { role: "system", content: "Be short.", cache_control: {} };
    const made = await create({ messages: [message], model: "x" });
    expect(made).toMatchObject({ state: "idle", turnwise: { ignored: ["model", "messages[].cache_control"] } });
    const fork = await json(await test.post(`${SESSIONS}/${made.id}/fork`, { model: "x" }));
    expect(fork).toMatchObject({ parent: made.id, turnwise: { ignored: ["model"] } });
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

  it("rolls back to before its first turn, and to or from no turn that it does not have", async () => {
    const { id } = await create();
    const first = await chat({ session: { id }, messages: [user("One")], max_tokens: 2 });
    for (const [path, body] of [
      ["rollback", { to: "turn_0" }],
      ["fork", { at: "turn_0" }],
    ] as const) {
      const response = await test.post(`${SESSIONS}/${id}/${path}`, body);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: "turn_not_found" } });
    }
    expect((await test.post(`${SESSIONS}/${id}/rollback`, {})).status).toBe(400);
    expect((await read(id)).head).toBe(first.turnwise.turn);
    const back = await json<SessionAnswer>(await test.post(`${SESSIONS}/${id}/rollback`, { to: "" }));
    expect([back.head, back.turns]).toEqual([null, []]);
    const again = await chat({ session: { id, after: null }, messages: [user("One")], max_tokens: 2 });
    expect(again.usage.prompt_tokens).toBe(first.usage.prompt_tokens);
    const fork = await json<SessionAnswer>(await test.post(`${SESSIONS}/${id}/fork`, { at: "" }));
    expect([fork.parent, fork.head, fork.turns]).toEqual([id, null, []]);
  });

  it("keeps its head when a turn is cancelled, and is busy until then", async () => {
    const { post, get, engine: fake } = scriptedServer({ endless: true, tokenMs: 5 });
    const { id } = await json<SessionAnswer>(await post(SESSIONS, {}));
    const running = await post(CHAT, { session: { id }, messages: [user("Go")], stream: true });
    const second = await post(CHAT, { session: { id }, messages: [user("Me too")] });
    const told = ["retry-after", "x-should-retry"].map((name) => second.headers.get(name));
    expect([second.status, ...told]).toEqual([409, "2", "false"]);
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

  it("keeps its tools, which its requests need not repeat, and knows calls by them", async () => {
    const parameters = { type: "object", properties: { on: { enum: [true, false] } }, required: ["on"] };
    const tools = [{ type: "function", function: { name: "light", parameters } }];
    const { id } = await create({ messages: [{ role: "system", content: "You switch lights." }], tools });
    const asked = { session: { id }, messages: [user("Light, please")], tool_choice: "required", max_tokens: 300 };
    const first = await chat({ ...asked, ignore_eos: false });
    const [call] = first.choices[0]?.message.tool_calls ?? [];
    expect(call?.function.name).toBe("light");
    const result = { role: "tool", tool_call_id: call?.id, content: "done" };
    const second = await chat({ session: { id }, messages: [result], tool_choice: "none" });
    expect(cached(second)).toBe(ledgerTokens(first) - 1);
    const refused = await test.post(CHAT, {
      session: { id },
      messages: [user("x")],
      tools: [{ ...tools[0], strict: 1 }],
    });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { param: "tools", message: expect.stringContaining("fork") } });
  });

  it("calls none of its tools where none is to be called, however likely", async () => {
    const tools = [{ type: "function", function: { name: "light", parameters: { type: "object", properties: {} } } }];
    const { id } = await create({ messages: [{ role: "system", content: "You switch lights." }], tools });
    // The template knows no tools, so that calls are bare JSON: the first token is all but a brace.
    const brace = (await json<{ tokens: number[] }>(await test.post("/tokenize", { prompt: "{" }))).tokens.at(-1);
    const asked = { messages: [user("Light!")], logit_bias: { [String(brace)]: 100 }, temperature: 1, seed: 1 };
    const free = await chat({ ...asked, max_tokens: 4 });
    expect(free.choices[0]?.message.content?.trimStart().startsWith("{")).toBe(true);
    const bound = await chat({ ...asked, session: { id }, tool_choice: "none", max_tokens: 12 });
    expect(bound.choices[0]?.message.tool_calls).toBe(undefined);
    expect(bound.choices[0]?.message.content).toMatch(/^\s*[^\s{[]/);
  });

  it("forks with another system prompt and other tools, and says what that cost", async () => {
    const { id } = await create({ messages: [{ role: "system", content: "Today is 2026-11-27. Be short." }] });
    const first = await chat({ session: { id }, messages: [user("Good morning")] });
    const forkOf = async (fields: object): Promise<SessionAnswer> =>
      json<SessionAnswer>(await test.post(`${SESSIONS}/${id}/fork`, fields));
    const dated = await forkOf({ system: "Today is 2026-11-28. Be short.", ttl_s: 60, metadata: { day: "next" } });
    expect(dated).toMatchObject({ ttl_s: 60, metadata: { day: "next" }, head: first.turnwise.turn });
    const turn = await chat({ session: { id: dated.id }, messages: [user("Good night")] });
    expect(turn.turnwise.miss).toEqual({ index: cached(turn), cause: "volatile_text" });
    const { turns } = await json<SessionExplanation>(await test.get(`${SESSIONS}/${dated.id}/explain`));
    expect(turns.map(({ miss }) => miss)).toEqual([
      null,
      {
        index: cached(turn),
        cause: "volatile_text",
        what: expect.any(String),
        remedy: expect.any(String),
        had: "system: Today is 2026-11-27. Be short.",
        has: "system: Today is 2026-11-28. Be short.",
      },
    ]);
    const { id: other } = await forkOf({ tools: [{ type: "function", function: { name: "f" } }] });
    const changed = await chat({ session: { id: other }, messages: [user("Good night")], max_tokens: 2 });
    expect(changed.turnwise.miss).toMatchObject({ cause: "tools_changed" });
  });

  it("says where its pages were evicted, and where a request named another part of the cache", async () => {
    const small = await Engine.load({ model, contextTokens: 512, kvMemoryBytes: 18 * KV_PAGE_BYTES });
    const own = testServer(small);
    const turn = async (fields: object): Promise<Answer> =>
      json<Answer>(await own.post(CHAT, { temperature: 0, max_tokens: 4, ignore_eos: true, ...fields }));
    const { id } = await json<SessionAnswer>(await own.post(SESSIONS, {}));
    await turn({ session: { id }, messages: [user("2468".repeat(50))] });
    for (const digits of ["0123456789", "9876543210", "13579"]) await turn({ messages: [user(digits.repeat(40))] });
    const second = await turn({ session: { id }, messages: [user("Back")] });
    expect(second.turnwise.miss).toEqual({ index: cached(second), cause: "evicted" });
    const third = await turn({ session: { id }, messages: [user("Elsewhere")], prompt_cache_key: "x" });
    expect([cached(third), third.turnwise.miss]).toEqual([0, { index: 0, cause: "cache_key_changed" }]);
    await own.server.close();
    await small.dispose();
  });

  it("is listed a page at a time", async () => {
    const { post, get } = scriptedServer();
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) ids.push((await json<SessionAnswer>(await post(SESSIONS, {}))).id);
    const list = async (query: string): Promise<unknown> => {
      const page = await json<{ data: SessionAnswer[]; has_more: boolean }>(await get(`${SESSIONS}${query}`));
      return [page.data.map(({ id }) => id), page.has_more];
    };
    expect(await list("?limit=2")).toEqual([ids.slice(0, 2), true]);
    expect(await list(`?limit=2&after=${ids[1]}`)).toEqual([ids.slice(2), false]);
    expect((await get(`${SESSIONS}?limit=0`)).status).toBe(400);
    expect((await get(`${SESSIONS}?after=sess_0`)).status).toBe(400);
  });

  it("can be listed and deleted, and is not found afterwards", async () => {
    const { id } = await create({ metadata: { agent: "one" }, ttl_s: 60 });
    const { data } = await json<{ data: SessionAnswer[] }>(await test.get(SESSIONS));
    expect(data.find((session) => session.id === id)).toMatchObject({ metadata: { agent: "one" } });
    expect((await test.server.app.request(`${SESSIONS}/${id}`, { method: "DELETE" })).status).toBe(200);
    for (const path of ["", "/explain", "/fork", "/cancel"]) {
      const method = path === "" || path === "/explain" ? "GET" : "POST";
      const response = await test.server.app.request(`${SESSIONS}/${id}${path}`, { method });
      expect(response.status).toBe(404);
    }
  });
});

/** A session of a scripted engine with one turn, and what is left of it. */
async function afterOneTurn() {
  const { post, get, server, engine: fake } = scriptedServer();
  const { id } = await json<SessionAnswer>(await post(SESSIONS, {}));
  const first = await json<Answer>(await post(CHAT, { session: { id }, messages: [user("One")] }));
  const isAsBefore = async (): Promise<void> => {
    const { head, state, turns } = await json<SessionAnswer>(await get(`${SESSIONS}/${id}`));
    expect([head, state, turns.length]).toEqual([first.turnwise.turn, "idle", 1]);
    fake.script = { text: "Well again" };
    const next = await json<Answer>(await post(CHAT, { session: { id }, messages: [user("Three")] }));
    expect((await json<SessionAnswer>(await get(`${SESSIONS}/${id}`))).head).toBe(next.turnwise.turn);
  };
  return { post, server, fake, id, isAsBefore };
}

describe("a turn that comes to nothing", () => {
  const failure = { afterTokens: 1, error: turnwiseError("engine_failed", { reason: "a step failed" }) };

  it.each([false, true])("as the engine fails leaves the session as it was (stream: %s)", async (stream) => {
    const { post, fake, id, isAsBefore } = await afterOneTurn();
    fake.script = { text: "Two and more", failure };
    const response = await post(CHAT, { session: { id }, messages: [user("Two")], stream });
    expect(response.status).toBe(stream ? 200 : 500);
    expect(await response.text()).toContain("The server failed");
    await isAsBefore();
  });

  it.each([false, true])("as its client leaves does, too (stream: %s)", async (stream) => {
    const { server, fake, id, isAsBefore } = await afterOneTurn();
    fake.script = { text: "And on ", endless: true, tokenMs: 5 };
    const leaving = new AbortController();
    const made = fake.tokensMade;
    const response = Promise.resolve(
      server.app.request(CHAT, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ session: { id }, messages: [user("Two")], stream }),
        signal: leaving.signal,
      }),
    );
    await until(() => fake.tokensMade > made + 1, "some tokens");
    leaving.abort();
    await response.then(async (answer) => answer.text()).catch(() => undefined);
    await until(() => fake.running === 0, "the turn to end");
    expect(fake.cancelled).toBe(1);
    await isAsBefore();
  });
});

describe("a client that resends its conversation", () => {
  it("is told that it named another part of the cache", async () => {
    const messages = [user("Keep this apart, please")];
    const first = await chat({ messages, prompt_cache_key: "one" });
    const reply = { role: "assistant", content: first.choices[0]?.message.content };
    const next = { messages: [...messages, reply, user("Go on")] };
    const moved = await chat({ ...next, prompt_cache_key: "two" });
    expect([cached(moved), moved.turnwise.miss]).toEqual([0, { index: 0, cause: "cache_key_changed" }]);
    const stayed = await chat({ ...next, prompt_cache_key: "one" });
    expect([cached(stayed), stayed.turnwise.miss]).toEqual([ledgerTokens(first) - 1, null]);
    const another = await chat({ messages: [user("Keep this apart, please")], prompt_cache_key: "three" });
    expect(another.turnwise.miss).toBeNull();
  });

  it("computes only what is new, though its replies come back as text", async () => {
    const messages = [user("Tell me everything about it")];
    const first = await chat({ messages });
    const reply = first.choices[0]?.message.content ?? "";
    const second = await chat({ messages: [...messages, { role: "assistant", content: reply }, user("Go on")] });
    expect(cached(second)).toBe(ledgerTokens(first) - 1);
    expect(second.turnwise).toMatchObject({ session: null, miss: null });
  });
});
