/** Keys, prompts and outputs are planted everywhere they can be, and looked for where they must not be. */

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { turnwiseError } from "../../src/base/errors.ts";
import { ROUTES } from "../../src/server/routes.ts";
import { FakeEngine } from "./support/fake-engine.ts";
import { connectRaw } from "./support/raw-client.ts";
import { testServer } from "./support/test-server.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-secrets-"));
afterAll(() => rmSync(folder, { recursive: true }));

const KEY = "sk-planted-key";
const OTHER_KEY = "sk-planted-other";
const ADMIN_KEY = "sk-planted-admin";
const WRONG_KEY = "sk-planted-wrong";
const TEXT = "planted words of a prompt";
const OUTPUT = "planted words of an output";
const digest = (key: string): string => createHash("sha256").update(key).digest("hex");

/** Everything planted has it. */
const PLANTED = /planted/;

const message = { role: "user", content: TEXT };
const tool = { name: "planted_tool", description: TEXT, parameters: { type: "object", title: TEXT } };

/** Bodies that are answered, and that are refused for each reason, for whatever route. */
const BODIES: readonly unknown[] = [
  { messages: [message], model: "fake-1b", max_tokens: 20, metadata: { note: TEXT }, user: TEXT },
  { messages: [message], input: TEXT, prompt: TEXT, tokens: [112], stream: true, max_tokens: 20 },
  { messages: [message], input: TEXT, prompt: TEXT, tools: [{ type: "function", function: tool }] },
  { messages: [message], input: TEXT, prompt: TEXT, stop: [TEXT], n: 2 },
  { messages: [{ role: TEXT, content: TEXT }], prompt: { planted: TEXT }, input: [{ role: TEXT }], tokens: TEXT },
  { messages: [{ ...message, content: [{ type: TEXT }] }], input: [{ type: TEXT }], [TEXT]: TEXT },
  { model: TEXT, messages: [message], prompt: TEXT, input: TEXT, tokens: [112] },
  { messages: [{ role: "user", content: TEXT.repeat(500) }], input: TEXT.repeat(500), prompt: TEXT.repeat(500) },
  {
    messages: [message],
    prompt: TEXT,
    response_format: { type: "json_schema", json_schema: { schema: { [TEXT]: 1 } } },
  },
  { input: TEXT, previous_response_id: TEXT, session: { id: TEXT }, messages: [message] },
];

it("are in no log line, no metric and no other tenant's answer", async () => {
  const apiKeyFile = join(folder, "keys.json");
  writeFileSync(apiKeyFile, JSON.stringify({ [digest(KEY)]: { tenant: "a" }, [digest(OTHER_KEY)]: { tenant: "b" } }));
  const engine = new FakeEngine({ text: OUTPUT });
  const { server, logs, post, get } = testServer(engine, { apiKeyFile }, { TURNWISE_ADMIN_KEY: ADMIN_KEY });
  const posts = ROUTES.filter(({ method, path }) => method === "POST" && path !== "/drain");
  const statuses = new Set<number>();
  const ids: string[] = [];
  const send = async (path: string, body: unknown, key: string): Promise<void> => {
    const response = await post(path, body, { authorization: `Bearer ${key}` });
    statuses.add(response.status);
    const text = await response.text();
    ids.push(...(text.match(/(?:resp|sess)_[0-9a-f]{32}/g) ?? []));
    expect(text).not.toMatch(response.status === 500 ? PLANTED : /sk-planted/);
  };
  for (const { path } of posts) {
    for (const body of BODIES) await send(path.replace(/:id.*?(?=\/|$)/, "planted"), body, KEY);
    await send(path, `{"messages": "${TEXT}`, KEY);
    await send(path, BODIES[0], WRONG_KEY);
  }
  engine.script = {
    ...engine.script,
    failure: { afterTokens: 1, error: turnwiseError("engine_failed", { reason: "" }) },
  };
  for (const { path } of posts) for (const body of BODIES.slice(0, 3)) await send(path, body, KEY);
  // What is thrown inside may quote what it was given.
  engine.tokenize = (text) => Promise.reject(new SyntaxError(`cannot read "${text}"`));
  for (const { path } of posts) for (const body of BODIES.slice(0, 3)) await send(path, body, KEY);
  expect([...statuses].toSorted((left, right) => left - right)).toEqual([200, 400, 401, 404, 500]);

  for (const id of new Set(ids)) {
    for (const path of [`/v1/responses/${id}`, `/v1/responses/${id}/input_items`, `/v1/sessions/${id}`]) {
      const other = await get(path, { "x-api-key": OTHER_KEY });
      expect(other.status).toBe(404);
      expect(await other.text()).not.toMatch(PLANTED);
    }
  }
  expect(new Set(ids).size).toBeGreaterThan(3);
  await get(`/planted?key=${KEY}`, { "x-api-key": KEY });
  const admin = { "x-api-key": ADMIN_KEY };
  for (const path of ["/metrics", "/admin/tenants", "/health", "/ready", "/openapi.json", "/docs"]) {
    expect(await (await get(path, admin)).text()).not.toMatch(PLANTED);
  }

  const { port } = await server.listen();
  const raw = connectRaw(port);
  raw.socket.write(`GET /planted HTTP/1.1\r\nx-api-key: ${KEY}\r\nbroken ${TEXT}\r\n\r\n`);
  await raw.closed;
  expect(raw.received()).not.toMatch(PLANTED);
  await server.close();
  expect(logs.length).toBeGreaterThan(posts.length * BODIES.length);
  expect(logs.filter((line) => PLANTED.test(JSON.stringify(line)))).toEqual([]);
});
