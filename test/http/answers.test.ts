/** What the server answers is what its OpenAPI document says: every field is described, and those that must be there are. */

import { beforeAll, describe, expect, it } from "vitest";
import { turnwiseError } from "../../src/base/errors.ts";
import { AnswerChecker, type AnswerJson, type AskOptions } from "./support/answer-checker.ts";
import type { FakeScript } from "./support/fake-engine.ts";
import { scriptedServer } from "./support/test-server.ts";

const user = { role: "user", content: "1 + 2" };
const parameters = { type: "object" };
const CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>';

let checker: AnswerChecker;
beforeAll(async () => {
  checker = await AnswerChecker.of(scriptedServer());
});

/** A server of the script's, and how what it answers differs from what it says. */
function checked(script: Partial<FakeScript> = {}) {
  const { server } = scriptedServer(script);
  const problems: string[] = [];
  const send = async (path: string, init: RequestInit): Promise<Response> => server.app.request(path, init);
  const ask = async (operation: string, options: AskOptions = {}): Promise<AnswerJson> =>
    checker.request(send, operation, options, problems);
  return { ask, problems };
}

const CHAT_TOOLS = { tools: [{ type: "function", function: { name: "add", parameters } }] };
const BODIES: Readonly<Record<string, { readonly plain: object; readonly tools: object }>> = {
  "POST /v1/chat/completions": {
    plain: { messages: [user], unknown_field: 1, logprobs: true, top_logprobs: 2, n: 2 },
    tools: { messages: [user], ...CHAT_TOOLS, stream_options: { include_usage: true } },
  },
  "POST /v1/completions": {
    plain: { prompt: "1 +", logprobs: 2, n: 2 },
    tools: { prompt: "1 +", echo: true, stream_options: { include_usage: true } },
  },
  "POST /v1/responses": {
    plain: { input: "1 + 2", instructions: "Add.", metadata: { a: "b" }, max_output_tokens: 20 },
    tools: {
      input: "1 + 2",
      tools: [{ type: "function", name: "add", parameters }],
      tool_choice: { type: "function", name: "add" },
      text: { format: { type: "json_object" } },
    },
  },
  "POST /v1/messages": {
    plain: { model: "fake-1b", max_tokens: 20, messages: [user], metadata: {} },
    tools: { model: "fake-1b", max_tokens: 20, messages: [user], tools: [{ name: "add", input_schema: parameters }] },
  },
};

describe.each(Object.entries(BODIES))("%s", (operation, bodies) => {
  it.each<[string, Partial<FakeScript>, "plain" | "tools"]>([
    ["a text", {}, "plain"],
    ["a text that a limit cut off", { reason: "length" }, "plain"],
    ["a text that a stop string ended", { stopString: "!" }, "plain"],
    ["a thought and a text", { text: "<think>Add them.</think> It is 3", thinks: true }, "tools"],
    ["a text and calls", { text: `Adding.\n${CALL}\n${CALL}` }, "tools"],
    [
      "a call that a limit cut off",
      { text: `${CALL}\n<tool_call>\n{"name": "add", "arguments": {"a":`, reason: "length" },
      "tools",
    ],
  ])("%s", async (_, script, kind) => {
    const { ask, problems } = checked(script);
    await ask(operation, { body: bodies[kind] });
    await ask(operation, { body: { ...bodies[kind], stream: true } });
    expect(problems).toEqual([]);
  });

  it("failures, whole and in a stream", async () => {
    const { ask, problems } = checked({
      failure: { afterTokens: 1, error: turnwiseError("engine_failed", { reason: "a test" }) },
    });
    await ask(operation, { body: { ...bodies.plain, temperature: "hot" } });
    await ask(operation, { body: bodies.tools });
    await ask(operation, { body: { ...bodies.tools, stream: true } });
    expect(problems).toEqual([]);
  });
});

it("stored responses", async () => {
  const { ask, problems } = checked();
  const { id } = await ask("POST /v1/responses", { body: { input: "1 + 2" } });
  const next = await ask("POST /v1/responses", { body: { input: "And 3?", previous_response_id: id } });
  await ask("GET /v1/responses/{id}", { id: String(next["id"]) });
  await ask("GET /v1/responses/{id}/input_items", { id: String(next["id"]) });
  await ask("POST /v1/responses/{id}/cancel", { id: String(id) });
  await ask("DELETE /v1/responses/{id}", { id: String(id) });
  await ask("GET /v1/responses/{id}", { id: String(id) });
  expect(problems).toEqual([]);
});

it("sessions", async () => {
  const { ask, problems } = checked();
  const { id: given } = await ask("POST /v1/sessions", {
    body: { messages: [{ role: "system", content: "Add." }], metadata: { a: "b" }, ttl_s: 60, unknown_field: 1 },
  });
  const id = String(given);
  const turn = { session: { id }, messages: [user] };
  await ask("POST /v1/chat/completions", { body: turn });
  // The fake engine finds nothing in its cache, so this one misses what the turn before it computed.
  const { turnwise } = await ask("POST /v1/chat/completions", { body: turn });
  expect(turnwise).toMatchObject({ session: id, miss: { cause: expect.any(String) } });
  await ask("GET /v1/sessions/{id}", { id });
  const { turns } = await ask("GET /v1/sessions/{id}/explain", { id });
  expect(turns).toMatchObject([{ miss: null }, { miss: { remedy: expect.any(String) } }]);
  await ask("POST /v1/sessions/{id}/fork", { id, body: { system: "Subtract." } });
  await ask("POST /v1/sessions/{id}/rollback", { id, body: { to: "" } });
  await ask("POST /v1/sessions/{id}/cancel", { id });
  await ask("GET /v1/sessions", {});
  await ask("DELETE /v1/sessions/{id}", { id });
  await ask("GET /v1/sessions/{id}", { id });
  expect(problems).toEqual([]);
});

it("models, in both shapes", async () => {
  const { ask, problems } = checked();
  const headers = { "anthropic-version": "2023-06-01" };
  await ask("GET /v1/models");
  await ask("GET /v1/models", { headers });
  await ask("GET /v1/models/{id}", { id: "fake-1b" });
  await ask("GET /v1/models/{id}", { id: "fake-1b", headers });
  await ask("GET /v1/models/{id}", { id: "other" });
  expect(problems).toEqual([]);
});

it("tokens and prompts", async () => {
  const { ask, problems } = checked();
  await ask("POST /tokenize", { body: { prompt: "Hi", return_token_strs: true, unknown_field: 1 } });
  await ask("POST /detokenize", { body: { tokens: [72, 105] } });
  await ask("POST /apply-template", { body: { messages: [user], unknown_field: 1 } });
  await ask("POST /v1/messages/count_tokens", { body: { model: "fake-1b", messages: [user], unknown_field: 1 } });
  await ask("POST /v1/messages/count_tokens", { body: { model: "other", messages: [user] } });
  expect(problems).toEqual([]);
});

it("what an operator asks", async () => {
  const { ask, problems } = checked();
  await ask("GET /health");
  await ask("GET /ready");
  await ask("POST /v1/responses", { body: { input: "1 + 2" } });
  await ask("GET /admin/tenants");
  await ask("POST /drain");
  expect(problems).toEqual([]);
});

it("every answer that is described was met above", () => {
  expect(checker.described.filter((answer) => !checker.met.has(answer))).toEqual([]);
});

it("a field that is not described would be found", async () => {
  const problems: string[] = [];
  await checker.request(async () => Response.json({ status: "ok", since: 1 }), "GET /health", {}, problems);
  expect(problems).toEqual([expect.stringMatching(/^GET \/health 200 .*must NOT have additional properties.*since/)]);
});
