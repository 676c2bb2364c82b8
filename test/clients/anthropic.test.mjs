/** The `@anthropic-ai/sdk` npm client, unmodified, against the built server. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { serve } from "./support/serve.mjs";

const messages = [{ role: "user", content: "Hello" }];
const model = "tiny";

describe("anthropic client", () => {
  let server;
  let client;

  before(async () => {
    server = await serve();
    client = new Anthropic({ baseURL: server.url, apiKey: "none", maxRetries: 0 });
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  it("lists the model", async () => {
    const ids = [];
    for await (const { id } of client.models.list()) ids.push(id);
    assert.deepEqual(ids, [model]);
    assert.equal((await client.models.retrieve(model)).id, model);
  });

  it("gets a message", async () => {
    const message = await client.messages.create({ model, messages, max_tokens: 8 });
    assert.equal(message.type, "message");
    assert.equal(message.content[0].type, "text");
    assert.match(message.stop_reason, /^(end_turn|max_tokens)$/);
    assert.match(message._request_id, /^req-/);
  });

  it("assembles a stream by its own helper into the same message", async () => {
    const request = { model, messages, max_tokens: 24, temperature: 0 };
    const whole = await client.messages.create(request);
    const stream = client.messages.stream(request);
    let text = "";
    stream.on("text", (delta) => (text += delta));
    const streamed = await stream.finalMessage();
    for (const field of ["role", "model", "content", "stop_reason", "stop_sequence", "usage"]) {
      assert.deepEqual(streamed[field], whole[field]);
    }
    assert.equal(text, whole.content[0].text);
  });

  it("is given a call where one is forced, whole and streamed, valid by its schema", async () => {
    const schema = { type: "object", properties: { city: { enum: ["Oslo", "Rome"] } }, required: ["city"] };
    const request = {
      model,
      messages,
      max_tokens: 200,
      tools: [{ name: "weather", description: "Weather of a city", input_schema: schema }],
      tool_choice: { type: "tool", name: "weather" },
    };
    for (const message of [
      await client.messages.create(request),
      await client.messages.stream(request).finalMessage(),
    ]) {
      assert.equal(message.stop_reason, "tool_use");
      const [call] = message.content;
      assert.equal(call.type, "tool_use");
      assert.equal(call.name, "weather");
      assert.ok(schema.properties.city.enum.includes(call.input.city));
    }
  });

  it("counts a prompt's tokens as a message reports them", async () => {
    const { usage } = await client.messages.create({ model, messages, max_tokens: 1 });
    const counted = await client.messages.countTokens({ model, messages });
    assert.equal(counted.input_tokens, usage.input_tokens + usage.cache_read_input_tokens);
  });

  it("raises its own errors", async () => {
    await assert.rejects(client.messages.create({ model: "none", messages, max_tokens: 1 }), Anthropic.NotFoundError);
    await assert.rejects(client.messages.create({ model, messages: [], max_tokens: 1 }), Anthropic.BadRequestError);
    const prompt = [{ role: "user", content: "x ".repeat(4000) }];
    await assert.rejects(client.messages.create({ model, messages: prompt, max_tokens: 1 }), (error) => {
      assert.ok(error instanceof Anthropic.BadRequestError);
      return /context/.test(error.message);
    });
  });

  it("cancels a stream", async () => {
    const stream = client.messages.stream({ model, messages, max_tokens: 500 });
    for await (const event of stream) if (event.type === "content_block_delta") break;
    assert.ok(stream.aborted || stream.ended || stream.controller.signal.aborted);
  });
});
