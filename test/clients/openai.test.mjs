/** The `openai` npm client, unmodified, against the built server. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import OpenAI from "openai";
import { serve } from "./support/serve.mjs";

const messages = [{ role: "user", content: "Hello" }];
const model = "tiny";

describe("openai client", () => {
  let server;
  let client;

  before(async () => {
    server = await serve(["--request-timeout", "20s"], { TURNWISE_API_KEY: "secret", TURNWISE_ADMIN_KEY: "secret-2" });
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "secret", maxRetries: 0 });
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    assert.ok(!server.lines.some((line) => line.includes("secret")), "the key is in the log");
  });

  it("gets a chat completion", async () => {
    const answer = await client.chat.completions.create({ model, messages, max_tokens: 8, seed: 1 });
    assert.equal(answer.object, "chat.completion");
    assert.equal(answer.choices[0].message.role, "assistant");
    assert.equal(typeof answer.choices[0].message.content, "string");
    assert.match(answer.choices[0].finish_reason, /^(stop|length)$/);
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
    assert.match(answer._request_id, /^req-/);
  });

  it("gets a forced tool call, and its arguments in pieces", async () => {
    const parameters = {
      type: "object",
      properties: { city: { type: "string", maxLength: 12 }, unit: { enum: ["C", "F"] } },
      required: ["city", "unit"],
      additionalProperties: false,
    };
    const tools = [{ type: "function", function: { name: "get_weather", parameters, strict: true } }];
    const tool_choice = { type: "function", function: { name: "get_weather" } };
    const request = { model, messages, tools, tool_choice, max_tokens: 200, seed: 1 };
    const answer = await client.chat.completions.create(request);
    assert.equal(answer.choices[0].finish_reason, "tool_calls");
    const [call] = answer.choices[0].message.tool_calls;
    assert.equal(call.function.name, "get_weather");
    assert.deepEqual(Object.keys(JSON.parse(call.function.arguments)), ["city", "unit"]);
    const stream = client.chat.completions.stream(request);
    const [streamed] = (await stream.finalMessage()).tool_calls;
    assert.equal(streamed.function.arguments, call.function.arguments);
  });

  it("streams the same chat completion", async () => {
    const request = { model, messages, max_tokens: 24, seed: 1 };
    const whole = await client.chat.completions.create(request);
    const stream = await client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let reason = null;
    let usage = null;
    for await (const chunk of stream) {
      assert.equal(chunk.object, "chat.completion.chunk");
      text += chunk.choices[0]?.delta.content ?? "";
      reason ??= chunk.choices[0]?.finish_reason ?? null;
      usage ??= chunk.usage ?? null;
    }
    assert.equal(text, whole.choices[0].message.content);
    assert.equal(reason, whole.choices[0].finish_reason);
    assert.deepEqual(usage, whole.usage);
  });

  it("assembles a stream by its own helper", async () => {
    const stream = client.chat.completions.stream({
      model,
      messages,
      max_tokens: 8,
      n: 2,
      logprobs: true,
      top_logprobs: 2,
    });
    const answer = await stream.finalChatCompletion();
    assert.equal(answer.choices.length, 2);
    for (const choice of answer.choices) {
      assert.equal(choice.message.role, "assistant");
      for (const token of choice.logprobs.content) assert.equal(token.top_logprobs.length, 2);
    }
  });

  it("gets and streams a text completion", async () => {
    const request = { model, prompt: "Once upon a time", max_tokens: 12, temperature: 0 };
    const whole = await client.completions.create({ ...request, logprobs: 2 });
    assert.equal(whole.choices[0].logprobs.tokens.length, whole.usage.completion_tokens);
    let text = "";
    for await (const chunk of await client.completions.create({ ...request, stream: true }))
      text += chunk.choices[0].text;
    assert.equal(text, whole.choices[0].text);
  });

  it("lists and retrieves models", async () => {
    const ids = [];
    for await (const listed of client.models.list()) ids.push(listed.id);
    assert.deepEqual(ids, [model]);
    assert.equal((await client.models.retrieve(model)).owned_by, "turnwise");
  });

  it("raises its own error classes", async () => {
    const refused = (request) => client.chat.completions.create({ model, messages, ...request });
    await assert.rejects(
      new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "wrong", maxRetries: 0 }).models.list(),
      (error) => error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key",
    );
    await assert.rejects(refused({ temperature: 5 }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, "temperature");
      assert.equal(error.type, "invalid_request_error");
      return true;
    });
    await assert.rejects(
      refused({ response_format: { type: "json_schema", json_schema: { name: "x", schema: { not: {} } } } }),
      (error) => error instanceof OpenAI.BadRequestError && error.code === "schema_unsupported",
    );
    await assert.rejects(
      refused({ max_tokens: 1_000_000 }),
      (error) => error instanceof OpenAI.BadRequestError && error.code === "context_length_exceeded",
    );
    await assert.rejects(
      refused({ model: "gpt-5" }),
      (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
    );
  });

  it("stops the server's work when it aborts a stream", async () => {
    const stream = await client.chat.completions.create({
      model,
      messages,
      stream: true,
      max_tokens: 1900,
      ignore_eos: true,
    });
    let chunks = 0;
    for await (const _ of stream) {
      chunks += 1;
      if (chunks === 3) stream.controller.abort();
    }
    assert.ok(chunks >= 3);
    await untilMetric('turnwise_requests_cancelled_total{model_name="tiny"} 1');
    await untilMetric('turnwise_kv_pages_used{model_name="tiny"} 0');
  });

  async function untilMetric(line) {
    const headers = { authorization: "Bearer secret-2" };
    for (let tries = 0; tries < 200; tries += 1) {
      const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
      if (text.split("\n").includes(line)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    assert.fail(`/metrics never said ${line}`);
  }
});

describe("openai client, a server that gives up", () => {
  it("raises an error that comes within a stream", async () => {
    const server = await serve(["--request-timeout", "100ms"]);
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
    const stream = await client.chat.completions.create({
      model,
      messages,
      stream: true,
      n: 16,
      max_tokens: 1900,
      ignore_eos: true,
    });
    await assert.rejects(
      async () => {
        for await (const _ of stream);
      },
      (error) => error instanceof OpenAI.APIError && error.code === "request_timeout",
    );
    assert.equal(await server.stop(), 0);
  });
});
