import { describe, expect, it } from "vitest";
import { turnwiseError } from "../../src/base/errors.ts";
import { readNamedEvents, scriptedServer } from "./support/test-server.ts";

const MESSAGES = "/v1/messages";
/** As the fake engine's model writes one. */
const CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": [2]}}\n</tool_call>';
const hello = { model: "fake-1b", max_tokens: 16, messages: [{ role: "user", content: "Hi" }] };

describe("POST /v1/messages", () => {
  it("answers in Anthropic's shape", async () => {
    const { post, engine } = scriptedServer();
    const response = await post(MESSAGES, {
      ...hello,
      system: "Be brief.",
      temperature: 0,
      top_k: 3,
      stop_sequences: ["#"],
    });
    expect(response.status).toBe(200);
    const body = await response.json();
    expect(body).toEqual({
      id: expect.stringMatching(/^msg_[0-9a-f]{32}$/),
      type: "message",
      role: "assistant",
      model: "fake-1b",
      content: [{ type: "text", text: "Hello there, world!" }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: {
        input_tokens: expect.any(Number),
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        output_tokens: 4,
      },
      turnwise: {
        session: null,
        turn: expect.stringMatching(/^turn_[0-9a-f]{32}$/),
        tokens: { cached: 0, prefilled: expect.any(Number), generated: 4 },
        ms: { queue: 1, prefill: 2, decode: 3 },
        miss: null,
        ignored: [],
      },
    });
    expect(engine.requests[0]).toMatchObject({ maxTokens: 16, stop: ["#"], sampling: { temperature: 0, topK: 3 } });
    expect(engine.chats[0]?.messages).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
    ]);
  });

  it("streams named events in the order that clients assemble", async () => {
    const { post } = scriptedServer({ reason: "length" });
    const events = await readNamedEvents(await post(MESSAGES, { ...hello, stream: true }));
    expect(events.map(({ name }) => name)).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_delta",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    for (const { name, data } of events) expect(data).toMatchObject({ type: name });
    expect(events[0]?.data).toMatchObject({ message: { content: [], stop_reason: null, usage: { output_tokens: 0 } } });
    expect(events[2]?.data).toMatchObject({ index: 0, delta: { type: "text_delta", text: "Hello" } });
    expect(events[6]?.data).toMatchObject({ delta: { stop_reason: "max_tokens" }, usage: { output_tokens: 3 } });
  });

  it("counts each prompt token once, as input, read or written", async () => {
    const { post } = scriptedServer();
    const usageOf = async (body: object): Promise<Record<string, number>> =>
      ((await (await post(MESSAGES, body)).json()) as { usage: Record<string, number> }).usage;
    const plain = await usageOf(hello);
    const content = [{ type: "text", text: "Hi", cache_control: { type: "ephemeral" } }];
    const marked = await usageOf({ ...hello, messages: [{ role: "user", content }] });
    expect(plain["cache_creation_input_tokens"]).toBe(0);
    expect(marked["input_tokens"]).toBe(0);
    expect(marked["cache_creation_input_tokens"]).toBe(plain["input_tokens"]);
  });

  it("gives the template tool calls, their results and thoughts as it knows them", async () => {
    const { post, engine } = scriptedServer();
    const response = await post(MESSAGES, {
      ...hello,
      thinking: { type: "enabled", budget_tokens: 1024 },
      tools: [{ name: "add", description: "Adds", input_schema: { type: "object" } }],
      messages: [
        { role: "user", content: [{ type: "text", text: "1 + 2, and read x" }] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Two calls.", signature: "s" },
            { type: "tool_use", id: "t1", name: "add", input: { a: 1, b: 2 } },
            { type: "tool_use", id: "t2", name: "read", input: {} },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "t1", content: "3" },
            { type: "tool_result", tool_use_id: "t2", content: [{ type: "text", text: "no x" }], is_error: true },
            { type: "text", text: "Go on." },
          ],
        },
      ],
    });
    expect(response.status).toBe(200);
    expect(engine.chats[0]).toEqual({
      addGenerationPrompt: true,
      variables: { enable_thinking: true },
      tools: [{ type: "function", function: { name: "add", description: "Adds", parameters: { type: "object" } } }],
      messages: [
        { role: "user", content: "1 + 2, and read x" },
        {
          role: "assistant",
          content: null,
          reasoning_content: "Two calls.",
          tool_calls: [
            { id: "t1", type: "function", function: { name: "add", arguments: { a: 1, b: 2 } } },
            { id: "t2", type: "function", function: { name: "read", arguments: {} } },
          ],
        },
        { role: "tool", content: "3", tool_call_id: "t1" },
        { role: "tool", content: "Error: no x", tool_call_id: "t2" },
        { role: "user", content: "Go on." },
      ],
    });
  });

  it.each([
    ["no max_tokens", { max_tokens: undefined }, "max_tokens"],
    ["a system role", { messages: [{ role: "system", content: "x" }] }, "messages[0].role"],
    ["an image", { messages: [{ role: "user", content: [{ type: "image" }] }] }, "messages[0].content[0].type"],
    ["a text block without text", { messages: [{ role: "user", content: [{ type: "text" }] }] }, "content[0].text"],
    ["an answer to continue", { messages: [{ role: "assistant", content: "x" }] }, "messages"],
    ["a tool of the server", { tools: [{ type: "web_search_20250305", name: "w" }] }, "tools[0].type"],
    ["a tool without a schema", { tools: [{ name: "w" }] }, "tools[0].input_schema"],
    ["a container", { container: "c" }, "container"],
  ])("refuses %s, naming it in Anthropic's shape", async (_, fields, named) => {
    const { post, engine } = scriptedServer();
    const response = await post(MESSAGES, { ...hello, ...fields });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      type: "error",
      error: { type: "invalid_request_error", message: expect.stringContaining(named) },
      request_id: response.headers.get("x-request-id"),
    });
    expect(engine.requests).toHaveLength(0);
  });

  it("tells of failures by Anthropic's statuses and types", async () => {
    const { post } = scriptedServer({ capacity: 0 });
    const full = await post(MESSAGES, hello);
    expect([full.status, full.headers.get("retry-after")]).toEqual([529, "3"]);
    expect(await full.json()).toEqual({
      type: "error",
      error: { type: "overloaded_error", message: expect.stringContaining("busy") },
      request_id: full.headers.get("request-id"),
    });
    const missing = await post(MESSAGES, { ...hello, model: "gpt" });
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error: { type: "not_found_error" } });
  });

  it("is overloaded while the server drains", async () => {
    const { post, server, engine } = scriptedServer({ endless: true, tokenMs: 5 });
    const running = await post(MESSAGES, { ...hello, stream: true });
    const drained = server.drain("a test");
    const refused = await post(MESSAGES, hello);
    expect(refused.status).toBe(529);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refused.json()).toEqual({
      type: "error",
      error: { type: "overloaded_error", message: expect.stringContaining("shutting down") },
      request_id: refused.headers.get("request-id"),
    });
    await running.body?.cancel();
    await drained;
    expect(engine.running).toBe(0);
  });

  it("ends a stream that fails with an error event", async () => {
    const failure = { afterTokens: 1, error: turnwiseError("engine_failed", { reason: "secret" }) };
    const { post } = scriptedServer({ failure });
    const response = await post(MESSAGES, { ...hello, stream: true });
    const events = await readNamedEvents(response);
    expect(events.at(-1)).toEqual({
      name: "error",
      data: {
        type: "error",
        error: { type: "api_error", message: expect.not.stringContaining("secret") },
        request_id: response.headers.get("x-request-id"),
      },
    });
  });

  const tools = [{ name: "add", input_schema: { type: "object" } }];

  it("gives calls as blocks of their own, whole and streamed", async () => {
    const { post } = scriptedServer({ text: CALL });
    const body = { ...hello, tools };
    const whole = (await (await post(MESSAGES, body)).json()) as { content: object[]; stop_reason: string };
    expect(whole.stop_reason).toBe("tool_use");
    expect(whole.content).toEqual([
      { type: "tool_use", id: expect.stringMatching(/^toolu_/), name: "add", input: { a: 1, b: [2] } },
    ]);
    const events = await readNamedEvents(await post(MESSAGES, { ...body, stream: true }));
    const pieces = events.flatMap(({ data }) => {
      const { delta } = data as { readonly delta?: { readonly partial_json?: string } };
      return delta?.partial_json === undefined ? [] : [delta.partial_json];
    });
    expect(JSON.parse(pieces.join(""))).toEqual({ a: 1, b: [2] });
    expect(events.find(({ name }) => name === "content_block_start")?.data).toMatchObject({
      content_block: { type: "tool_use", name: "add", input: {} },
    });
    expect(events.at(-2)?.data).toMatchObject({ delta: { stop_reason: "tool_use" } });
  });

  it("marks a call that the token limit cut off", async () => {
    const { post } = scriptedServer({ text: CALL.slice(0, CALL.indexOf("[2]")), reason: "length" });
    const whole = await (await post(MESSAGES, { ...hello, tools })).json();
    expect(whole).toMatchObject({
      stop_reason: "max_tokens",
      content: [{ type: "tool_use", name: "add", input: {}, incomplete: true }],
    });
  });

  it("forces a call where the choice says so", async () => {
    const { post, engine } = scriptedServer({ text: CALL });
    for (const [choice, expected] of [
      [{ type: "any" }, { choice: "required", parallel: true }],
      [
        { type: "tool", name: "add" },
        { choice: "required", parallel: false },
      ],
      [
        { type: "auto", disable_parallel_tool_use: true },
        { choice: "auto", parallel: false },
      ],
    ] as const) {
      expect((await post(MESSAGES, { ...hello, tools, tool_choice: choice })).status).toBe(200);
      expect(engine.requests.at(-1)?.toolCalls).toMatchObject(expected);
    }
    const missing = await post(MESSAGES, { ...hello, tools, tool_choice: { type: "tool", name: "sub" } });
    expect(missing.status).toBe(400);
  });
});
