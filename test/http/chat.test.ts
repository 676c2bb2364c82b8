import { describe, expect, it } from "vitest";
import { turnwiseError } from "../../src/base/errors.ts";
import { readEvents, scriptedServer } from "./support/test-server.ts";
import { DEFAULT_TENANT } from "../../src/engine/step/order.ts";

const CHAT = "/v1/chat/completions";
const messages = [{ role: "user", content: "Hi" }];

describe("POST /v1/chat/completions", () => {
  it("answers in OpenAI's shape", async () => {
    const { post } = scriptedServer();
    const response = await post(CHAT, { model: "fake-1b", messages });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
      object: "chat.completion",
      created: expect.closeTo(Date.now() / 1000, -1),
      model: "fake-1b",
      system_fingerprint: expect.stringMatching(/^fp_[0-9a-f]{12}$/),
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hello there, world!", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: {
        prompt_tokens: 11,
        completion_tokens: 4,
        total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
      turnwise: {
        session: null,
        turn: expect.stringMatching(/^turn_/),
        miss: null,
        tokens: { cached: 0, prefilled: 11, generated: 4 },
        ms: { queue: 1, prefill: 2, decode: 3 },
        ignored: [],
      },
    });
  });

  it("streams the role, the text, the reason and [DONE]", async () => {
    const { post } = scriptedServer();
    const response = await post(CHAT, { messages, stream: true });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const events = await readEvents(response);
    const head = {
      id: expect.stringMatching(/^chatcmpl-/),
      object: "chat.completion.chunk",
      created: expect.any(Number),
      model: "fake-1b",
      system_fingerprint: expect.any(String),
    };
    const chunk = (delta: object, finish_reason: string | null = null): object => ({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    });
    expect(events).toEqual([
      chunk({ role: "assistant", content: "", refusal: null }),
      chunk({ content: "Hello" }),
      chunk({ content: " there," }),
      chunk({ content: " world!" }),
      { ...chunk({}, "stop"), turnwise: expect.objectContaining({ ignored: [] }) },
      "[DONE]",
    ]);
    expect(new Set(events.slice(0, -1).map((event) => (event as { id: string }).id)).size).toBe(1);
  });

  it("adds a chunk with the usage, and null usage to the others, when asked", async () => {
    const { post } = scriptedServer({ text: "Yes" });
    const body = { messages, stream: true, stream_options: { include_usage: true } };
    const events = await readEvents(await post(CHAT, body));
    expect(events.at(-2)).toMatchObject({ choices: [], usage: { prompt_tokens: 11, completion_tokens: 2 } });
    for (const event of events.slice(0, -2)) expect(event).toHaveProperty("usage", null);
    expect(events.at(-1)).toBe("[DONE]");
  });

  it("gives n choices, whole and streamed", async () => {
    const { post, engine } = scriptedServer({ text: "Choice" });
    const whole = (await (await post(CHAT, { messages, n: 3 })).json()) as { choices: { message: unknown }[] };
    expect(whole.choices.map(({ message }) => message)).toMatchObject([
      { content: "Choice 0" },
      { content: "Choice 1" },
      { content: "Choice 2" },
    ]);
    expect(engine.requests[0]?.choices).toBe(3);
    const events = await readEvents(await post(CHAT, { messages, n: 2, stream: true }));
    const finishes = events.filter((event) => JSON.stringify(event).includes('"finish_reason":"stop"'));
    expect(finishes).toMatchObject([{ choices: [{ index: 0 }] }, { choices: [{ index: 1 }] }]);
  });

  it("gives log-probabilities without the end token", async () => {
    const { post } = scriptedServer({ text: "Yes —" });
    const response = await post(CHAT, { messages, logprobs: true, top_logprobs: 2 });
    expect(await response.json()).toMatchObject({
      choices: [
        {
          logprobs: {
            refusal: null,
            content: [
              {
                token: "Yes",
                logprob: -0.25,
                bytes: [89, 101, 115],
                top_logprobs: [
                  { token: "Yes", logprob: -0.25, bytes: [89, 101, 115] },
                  { token: "alternative 1", logprob: -1, bytes: expect.any(Array) },
                ],
              },
              { token: " —", bytes: [32, 0xe2, 0x80, 0x94] },
            ],
          },
        },
      ],
    });
    const content = (
      (await (await post(CHAT, { messages, logprobs: true })).json()) as {
        choices: { logprobs: { content: unknown[] } }[];
      }
    ).choices[0]?.logprobs.content;
    expect(content).toHaveLength(2);
    expect(content?.[0]).toMatchObject({ top_logprobs: [] });
  });

  it("hands the engine what the fields say", async () => {
    const { post, engine } = scriptedServer();
    const response = await post(CHAT, {
      messages,
      max_completion_tokens: 50,
      min_tokens: 3,
      ignore_eos: true,
      skip_special_tokens: false,
      stop: "END",
      seed: -1,
      temperature: 0.5,
      top_p: 0.9,
      top_k: -1,
      min_p: 0.05,
      repetition_penalty: 1.1,
      presence_penalty: 0.2,
      frequency_penalty: -0.3,
      logit_bias: { "65": -100, "66": 1.5 },
    });
    expect(response.status).toBe(200);
    expect(engine.requests[0]).toMatchObject({
      maxTokens: 50,
      minTokens: 3,
      ignoreEos: true,
      keepSpecial: true,
      stop: ["END"],
      sampling: {
        seed: 2n ** 64n - 1n,
        temperature: 0.5,
        topP: 0.9,
        topK: 0,
        minP: 0.05,
        repetitionPenalty: 1.1,
        presencePenalty: 0.2,
        frequencyPenalty: -0.3,
        logitBias: new Map([
          [65, -100],
          [66, 1.5],
        ]),
      },
    });
  });

  it("leaves absent and null fields to the engine, except the temperature", async () => {
    const { post, engine } = scriptedServer();
    await post(CHAT, { messages, stop: null, seed: null, n: null, temperature: null });
    const { signal, prompt, ...rest } = engine.requests[0] ?? { signal: undefined, prompt: "" };
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(prompt).toContain("Hi");
    expect(rest).toEqual({ sampling: { temperature: 1 }, thoughts: "none", tenant: DEFAULT_TENANT });
  });

  it("renders messages, tools and template variables", async () => {
    const { post, engine } = scriptedServer();
    const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }];
    const call = { id: "c1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } };
    const response = await post(CHAT, {
      messages: [
        { role: "developer", content: "Be brief." },
        { role: "user", content: [{ type: "text", text: "Weather?" }], name: "ann" },
        { role: "assistant", content: null, tool_calls: [call], refusal: null },
        { role: "tool", tool_call_id: "c1", content: "rain" },
      ],
      tools,
      tool_choice: "auto",
      chat_template_kwargs: { enable_thinking: false },
      add_generation_prompt: false,
    });
    expect(response.status).toBe(200);
    expect(engine.chats[0]).toEqual({
      messages: [
        { role: "developer", content: "Be brief." },
        { role: "user", content: [{ type: "text", text: "Weather?" }], name: "ann" },
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", tool_call_id: "c1", content: "rain" },
      ],
      tools,
      variables: { enable_thinking: false },
      addGenerationPrompt: false,
    });
    await post(CHAT, { messages, tools, tool_choice: "none" });
    expect(engine.chats[1]).toEqual({ messages, addGenerationPrompt: true });
  });

  it.each([
    ["nothing", [], "messages"],
    ["a role that is not known", [{ role: "robot", content: "x" }], "messages[0].role"],
    ["a user without content", [{ role: "user" }], "messages[0].content"],
    ["content that is a number", [{ role: "user", content: 5 }], "messages[0].content"],
    ["a part without text", [{ role: "user", content: [{ type: "text" }] }], "messages[0].content[0].text"],
    ["a tool result without its call", [{ role: "tool", content: "x" }], "messages[0].tool_call_id"],
    [
      "arguments that are not text",
      [{ role: "assistant", tool_calls: [{ function: { name: "f", arguments: {} } }] }],
      "messages[0].tool_calls[0].function.arguments",
    ],
  ])("refuses messages with %s", async (_, wrong, param) => {
    const { post } = scriptedServer();
    const response = await post(CHAT, { messages: wrong });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "request_invalid", param } });
  });

  it("refuses an image by name", async () => {
    const { post } = scriptedServer();
    const image = { type: "image_url", image_url: { url: "data:" } };
    const response = await post(CHAT, { messages: [{ role: "user", content: [{ type: "text", text: "?" }, image] }] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: {
        code: "field_refused",
        param: "messages[0].content[1].type",
        message: expect.stringContaining("image_url"),
      },
    });
  });

  it.each([
    ["tool_choice", { tool_choice: "required" }, "request_invalid"],
    ["tool_choice", { tool_choice: { type: "function", function: { name: "f" } } }, "request_invalid"],
    ["top_logprobs", { top_logprobs: 2 }, "request_invalid"],
    ["stream_options", { stream_options: { include_usage: true } }, "request_invalid"],
    ["max_tokens", { max_tokens: 3, max_completion_tokens: 4 }, "request_invalid"],
    ["logit_bias", { logit_bias: { "258": 1 } }, "request_invalid"],
    ["min_tokens", { min_tokens: 5, max_tokens: 4 }, "request_invalid"],
  ])("refuses a %s that cannot be kept: %j", async (param, fields, code) => {
    const { post, engine } = scriptedServer();
    const response = await post(CHAT, { messages, ...fields });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error", code, param } });
    expect(engine.requests).toHaveLength(0);
  });

  it("gives the engine's complaint the field's name in the API", async () => {
    const { post, engine } = scriptedServer();
    engine.submit = () => Promise.reject(turnwiseError("request_invalid", { field: "minTokens", problem: "is high" }));
    expect(await (await post(CHAT, { messages })).json()).toMatchObject({
      error: { code: "request_invalid", param: "min_tokens", message: "min_tokens: is high" },
    });
  });

  it("lists ignored fields in the answer, and on the last chunk only", async () => {
    const { post } = scriptedServer({ text: "Yes" });
    const body = { messages, user: "ann", wizardry: 3 };
    expect(await (await post(CHAT, body)).json()).toMatchObject({ turnwise: { ignored: ["user", "wizardry"] } });
    for (const stream_options of [null, { include_usage: true }]) {
      const events = await readEvents(await post(CHAT, { ...body, stream: true, stream_options }));
      const listing = events.map((event) => Object.hasOwn(Object(event), "turnwise"));
      expect(listing).toEqual(events.map((_, index) => index === events.length - 2));
    }
  });

  it("treats the fields of a message alike", async () => {
    const { post, engine } = scriptedServer();
    const answered = { role: "assistant", content: "Hi", refusal: "no", annotations: [], audio: null, wizardry: 1 };
    const body = { messages: [...messages, answered, { role: "user", content: "x", wizardry: 2 }] };
    expect(await (await post(CHAT, body)).json()).toMatchObject({
      turnwise: { ignored: ["messages[].refusal", "messages[].annotations", "messages[].wizardry"] },
    });
    expect(engine.chats[0]?.messages[1]).toEqual({ role: "assistant", content: "Hi" });
    const called = { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } };
    expect(await (await post(CHAT, { messages: [called] })).json()).toMatchObject({
      error: { code: "field_refused", param: "messages[0].function_call" },
    });
    const strict = await scriptedServer({}, { strictFields: true }).post(CHAT, body);
    expect(await strict.json()).toMatchObject({ error: { code: "field_unknown", param: "messages[1].wizardry" } });
  });

  it("refuses unknown fields, and only those, under --strict-fields", async () => {
    const { post } = scriptedServer({}, { strictFields: true });
    const response = await post(CHAT, { messages, temprature: 0 });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: "field_unknown", param: "temprature", message: expect.stringContaining("temperature") },
    });
    expect((await post(CHAT, { messages, user: "ann" })).status).toBe(200);
  });

  it("says why a model without a template cannot chat", async () => {
    const { post } = scriptedServer({ hasChatTemplate: false });
    const response = await post(CHAT, { messages });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "template_missing" } });
  });

  it("reports an error after the headers as an event, never a cut", async () => {
    const error = turnwiseError("engine_failed", { reason: "the secret of the core" });
    const { post, logs } = scriptedServer({ failure: { afterTokens: 2, error } });
    const response = await post(CHAT, { messages, stream: true }, { "x-request-id": "r-7" });
    expect(response.status).toBe(200);
    const events = await readEvents(response);
    expect(events.at(-2)).toEqual({
      error: {
        message: "The server failed. Its log has the reason under request id r-7.",
        type: "server_error",
        param: null,
        code: null,
      },
    });
    expect(events.at(-1)).toBe("[DONE]");
    expect(logs).toMatchObject([{ id: "r-7", status: 500, error: "engine_failed", reason: error.message }]);
  });

  it("reports an error of an answer that is not streamed by its status", async () => {
    const error = turnwiseError("engine_failed", { reason: "the secret of the core" });
    const { post } = scriptedServer({ failure: { afterTokens: 2, error } });
    const response = await post(CHAT, { messages });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
  });
});
