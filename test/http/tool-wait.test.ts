/** A turn that called tools is followed by their results: the engine is asked to keep what it has of it. */

import { expect, it } from "vitest";
import { scriptedServer } from "./support/test-server.ts";

const CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>';
const SCHEMA = { type: "object", properties: { a: { type: "integer" } } };
const QUESTION = { role: "user", content: "1?" };
const CHAT_TOOLS = [{ type: "function", function: { name: "add", parameters: SCHEMA } }];

const REQUESTS: readonly (readonly [string, object])[] = [
  ["/v1/chat/completions", { messages: [QUESTION], tools: CHAT_TOOLS }],
  ["/v1/responses", { input: "1?", tools: [{ type: "function", name: "add", parameters: SCHEMA }] }],
  [
    "/v1/messages",
    { model: "fake-1b", messages: [QUESTION], max_tokens: 50, tools: [{ name: "add", input_schema: SCHEMA }] },
  ],
];

it.each(REQUESTS)("%s keeps a turn that called a tool for as long as tools may take", async (path, body) => {
  const { post, engine } = scriptedServer({ text: CALL }, { toolWait: 5000 });
  expect((await post(path, body)).status).toBe(200);
  expect(engine.kept).toMatchObject([{ text: { tenant: "default", cacheKey: "" }, ms: 5000 }]);
  // The prompt, a token for each byte, and the reply.
  const prompt = Buffer.from(String(engine.requests[0]?.prompt));
  const tokens = engine.kept[0]?.text.tokens ?? new Int32Array();
  expect(tokens).toHaveLength(prompt.length + engine.tokensMade);
  expect(Buffer.from(tokens.subarray(0, prompt.length))).toEqual(prompt);
});

it.each(REQUESTS)("%s keeps nothing of an answer in words", async (path, body) => {
  const { post, engine } = scriptedServer({ text: "It is one." });
  expect((await post(path, body)).status).toBe(200);
  expect(engine.kept).toEqual([]);
});

it("lets go of it when the result has come and is answered in words, in a session and resent", async () => {
  const { post, engine } = scriptedServer({ text: CALL }, { toolWait: 5000 });
  const chat = async (fields: object): Promise<{ id: string; choices: { message: { tool_calls: object[] } }[] }> => {
    const response = await post("/v1/chat/completions", { tools: CHAT_TOOLS, ...fields });
    expect(response.status).toBe(200);
    return (await response.json()) as never;
  };
  const { id } = (await (await post("/v1/sessions", { tools: CHAT_TOOLS })).json()) as { id: string };
  const called = await chat({ session: { id }, messages: [QUESTION] });
  const { message } = called.choices[0] ?? { message: { tool_calls: [] } };
  const result = { role: "tool", tool_call_id: (message.tool_calls[0] as { id: string }).id, content: "2" };
  engine.script = { ...engine.script, text: "It is two." };
  await chat({ session: { id }, messages: [result] });
  await chat({ messages: [QUESTION, message, result] });
  await chat({ session: { id }, messages: [QUESTION] });
  expect(engine.kept.map(({ ms }) => ms)).toEqual([5000, 0, 0]);
});
