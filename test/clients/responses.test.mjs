/** The Responses API by the `openai` npm client, unmodified, against the built server. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import OpenAI from "openai";
import { serve } from "./support/serve.mjs";

const model = "tiny";

describe("openai client, responses", () => {
  let server;
  let client;

  before(async () => {
    server = await serve();
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  it("creates, reads, continues and deletes a response", async () => {
    const first = await client.responses.create({ model, input: "Hello", max_output_tokens: 8 });
    assert.equal(first.object, "response");
    assert.equal(first.output_text, first.output[0].content[0].text);
    const again = await client.responses.retrieve(first.id);
    assert.equal(again.output_text, first.output_text);
    const next = await client.responses.create({
      model,
      input: "And?",
      previous_response_id: first.id,
      max_output_tokens: 8,
    });
    assert.ok(next.usage.input_tokens > first.usage.total_tokens);
    const items = [];
    for await (const item of client.responses.inputItems.list(next.id, { order: "asc", limit: 1 })) items.push(item);
    assert.equal(items.length, 3);
    await client.responses.delete(first.id);
    await assert.rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError);
  });

  it("assembles a stream by its own helper into the same response", async () => {
    const request = { model, input: "Hello", max_output_tokens: 24, temperature: 0 };
    const whole = await client.responses.create(request);
    const stream = client.responses.stream(request);
    let text = "";
    stream.on("response.output_text.delta", ({ delta }) => (text += delta));
    const streamed = await stream.finalResponse();
    assert.equal(streamed.output_text, whole.output_text);
    assert.equal(text, whole.output_text);
    assert.equal(streamed.status, whole.status);
    assert.deepEqual(streamed.usage, whole.usage);
  });

  it("is given a call where one is forced, and answers its result", async () => {
    const parameters = { type: "object", properties: { city: { enum: ["Oslo", "Rome"] } }, required: ["city"] };
    const tools = [{ type: "function", name: "weather", parameters, strict: true }];
    const choice = { type: "function", name: "weather" };
    const first = await client.responses.create({ model, input: "Weather?", tools, tool_choice: choice });
    const [call] = first.output;
    assert.equal(call.type, "function_call");
    assert.ok(parameters.properties.city.enum.includes(JSON.parse(call.arguments).city));
    const streamed = client.responses.stream({ model, input: "Weather?", tools, tool_choice: choice });
    const final = await streamed.finalResponse();
    assert.equal(final.output[0].type, "function_call");
    JSON.parse(final.output[0].arguments);
    const next = await client.responses.create({
      model,
      previous_response_id: first.id,
      input: [{ type: "function_call_output", call_id: call.call_id, output: "sunny" }],
      tools,
      max_output_tokens: 8,
    });
    assert.ok(next.usage.input_tokens > first.usage.input_tokens);
  });
});

/** Its prompts open a thought, which a model of random weights never closes. */
const THINKING_TEMPLATE = `{% for message in messages %}{{ message.role }}: {{ message.content }}
{% endfor %}{% if add_generation_prompt %}assistant: <think>
{% else %}</think>{% endif %}`;

describe("openai client, responses of a model that thinks", () => {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-thinks-"));
  let server;

  before(async () => {
    const template = join(folder, "thinking.jinja");
    writeFileSync(template, THINKING_TEMPLATE);
    server = await serve(["--chat-template", template]);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    rmSync(folder, { recursive: true });
  });

  it("assembles the thought of a stream by its own helper", async () => {
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
    const request = { model, input: "Hello", max_output_tokens: 12, temperature: 0 };
    const whole = await client.responses.create(request);
    assert.equal(whole.output[0].type, "reasoning");
    assert.ok(whole.usage.output_tokens_details.reasoning_tokens > 0);
    const stream = client.responses.stream(request);
    let thought = "";
    stream.on("response.reasoning_text.delta", ({ delta }) => (thought += delta));
    const streamed = await stream.finalResponse();
    assert.deepEqual(streamed.output[0].content, whole.output[0].content);
    assert.equal(thought, whole.output[0].content[0].text);
    assert.deepEqual(streamed.usage.output_tokens_details, whole.usage.output_tokens_details);
  });
});
