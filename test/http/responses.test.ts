import { describe, expect, it } from "vitest";
import { turnwiseError } from "../../src/base/errors.ts";
import { readNamedEvents, scriptedServer } from "./support/test-server.ts";
import type { TestServer } from "./support/test-server.ts";

const RESPONSES = "/v1/responses";

interface Answer {
  readonly id: string;
  readonly output: readonly { readonly id: string }[];
}

/** A user's message as `input_items` lists it. */
const listed = (text: string): object => ({
  type: "message",
  role: "user",
  content: [{ type: "input_text", text }],
});

describe("POST /v1/responses", () => {
  it("answers in OpenAI's shape", async () => {
    const { post, engine } = scriptedServer();
    const metadata = { run: "7" };
    const response = await post(RESPONSES, { input: "Hi", instructions: "Be brief.", max_output_tokens: 9, metadata });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      id: expect.stringMatching(/^resp_[0-9a-f]{32}$/),
      object: "response",
      status: "completed",
      error: null,
      incomplete_details: null,
      model: "fake-1b",
      instructions: "Be brief.",
      metadata,
      output: [
        {
          type: "message",
          id: expect.stringMatching(/^msg_/),
          status: "completed",
          role: "assistant",
          content: [{ type: "output_text", text: "Hello there, world!", annotations: [], logprobs: [] }],
        },
      ],
      usage: { input_tokens: expect.any(Number), input_tokens_details: { cached_tokens: 0 }, output_tokens: 4 },
    });
    expect(engine.requests[0]).toMatchObject({ maxTokens: 9 });
    expect(engine.chats[0]?.messages).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
    ]);
  });

  it("streams events in OpenAI's order, numbered", async () => {
    const { post } = scriptedServer({ reason: "length" });
    const events = await readNamedEvents(await post(RESPONSES, { input: "Hi", stream: true }));
    expect(events.map(({ name }) => name)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.incomplete",
    ]);
    events.forEach(({ name, data }, index) => expect(data).toMatchObject({ type: name, sequence_number: index }));
    expect(events.at(-1)?.data).toMatchObject({
      response: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
    });
  });

  it("ends a stream that fails with an error and a failed response", async () => {
    const failure = { afterTokens: 1, error: turnwiseError("engine_failed", { reason: "secret" }) };
    const { post, server } = scriptedServer({ failure });
    const events = await readNamedEvents(await post(RESPONSES, { input: "Hi", stream: true }));
    expect(events.slice(-2).map(({ name }) => name)).toEqual(["error", "response.failed"]);
    expect(JSON.stringify(events)).not.toContain("secret");
    const last = events.at(-1)?.data as { readonly response: Answer } | undefined;
    expect((await server.app.request(`${RESPONSES}/${last?.response.id}`)).status).toBe(404);
  });

  it("gives the template calls, results and thoughts as it knows them", async () => {
    const { post, engine } = scriptedServer();
    const response = await post(RESPONSES, {
      tools: [{ type: "function", name: "add", description: "Adds", parameters: { type: "object" }, strict: true }],
      input: [
        { role: "developer", content: "Be exact." },
        { role: "user", content: [{ type: "input_text", text: "1 + 2" }] },
        { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Add." }] },
        { type: "function_call", call_id: "c1", name: "add", arguments: '{"a":1,"b":2}' },
        { type: "function_call_output", call_id: "c1", output: "3" },
      ],
    });
    expect(response.status).toBe(200);
    expect(engine.chats[0]).toMatchObject({
      tools: [{ type: "function", function: { name: "add", description: "Adds", parameters: { type: "object" } } }],
      messages: [
        { role: expect.stringMatching(/^(developer|system)$/), content: "Be exact." },
        { role: "user", content: "1 + 2" },
        {
          role: "assistant",
          content: null,
          reasoning_content: "Add.",
          tool_calls: [{ id: "c1", type: "function", function: { name: "add", arguments: '{"a":1,"b":2}' } }],
        },
        { role: "tool", content: "3", tool_call_id: "c1" },
      ],
    });
  });
});

describe("include", () => {
  it("may name what answers hold anyway, not log-probabilities", async () => {
    const { post } = scriptedServer();
    const fine = await post(RESPONSES, { input: "Hi", include: ["reasoning.encrypted_content"] });
    expect(fine.status).toBe(200);
    const include = ["reasoning.encrypted_content", "message.output_text.logprobs"];
    const refused = await post(RESPONSES, { input: "Hi", include });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { code: "field_refused", param: "include[1]" } });
  });
});

describe("tool calls", () => {
  const tools = [{ type: "function", name: "add", parameters: { type: "object" } }];
  /** As the fake engine's model writes one. */
  const text = '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": [2]}}\n</tool_call>';

  it("are items of the output, whole and streamed, and are continued as such", async () => {
    const { post, engine } = scriptedServer({ text });
    const whole = (await (await post(RESPONSES, { input: "1 + 2", tools })).json()) as Answer;
    const call = { type: "function_call", name: "add", status: "completed" };
    expect(whole.output).toMatchObject([{ ...call, id: expect.stringMatching(/^fc_/) }]);
    const [{ call_id: id, arguments: given }] = whole.output as unknown as [{ call_id: string; arguments: string }];
    expect(JSON.parse(given)).toEqual({ a: 1, b: [2] });

    const events = await readNamedEvents(await post(RESPONSES, { input: "1 + 2", tools, stream: true }));
    const deltas = events.flatMap(({ name, data }) =>
      name === "response.function_call_arguments.delta" ? [(data as { delta: string }).delta] : [],
    );
    expect(JSON.parse(deltas.join(""))).toEqual({ a: 1, b: [2] });
    expect(events.map(({ name }) => name)).toContain("response.function_call_arguments.done");

    const result = { type: "function_call_output", call_id: id, output: "3" };
    await post(RESPONSES, { input: [result], tools, previous_response_id: whole.id });
    expect(engine.chats.at(-1)?.messages.slice(-2)).toMatchObject([
      { role: "assistant", tool_calls: [{ id, function: { name: "add", arguments: given } }] },
      { role: "tool", content: "3", tool_call_id: id },
    ]);
  });

  it("are forced where the choice says so", async () => {
    const { post, engine } = scriptedServer({ text });
    for (const choice of ["required", { type: "function", name: "add" }]) {
      expect((await post(RESPONSES, { input: "1", tools, tool_choice: choice })).status).toBe(200);
      expect(engine.requests.at(-1)?.toolCalls).toMatchObject({ choice: "required" });
    }
  });
});

describe("a stored response", () => {
  it("is continued, as often as one likes, without its instructions", async () => {
    const { post, engine } = scriptedServer();
    const first = (await (await post(RESPONSES, { input: "One", instructions: "Once." })).json()) as Answer;
    for (const input of ["Two", "Other"]) {
      const next = await post(RESPONSES, { input, previous_response_id: first.id });
      expect(await next.json()).toMatchObject({ previous_response_id: first.id });
      expect(engine.chats.at(-1)?.messages).toEqual([
        { role: "user", content: "One" },
        { role: "assistant", content: "Hello there, world!" },
        { role: "user", content: input },
      ]);
    }
  });

  it("is read, listed and deleted; its continuations stay whole", async () => {
    const { post, get, server, engine } = scriptedServer();
    const first = (await (await post(RESPONSES, { input: "One" })).json()) as Answer;
    const second = (await (await post(RESPONSES, { input: "Two", previous_response_id: first.id })).json()) as Answer;
    expect(await (await get(`${RESPONSES}/${second.id}`)).json()).toEqual(second);

    const list = async (query: string): Promise<Record<string, unknown>> =>
      (await (await get(`${RESPONSES}/${second.id}/input_items${query}`)).json()) as Record<string, unknown>;
    const all = await list("?order=asc");
    const items = all["data"] as { readonly id: string }[];
    expect(items).toMatchObject([listed("One"), { id: first.output[0]?.id }, listed("Two")]);
    expect(await list("")).toMatchObject({ data: items.toReversed(), has_more: false });
    expect(await list(`?order=asc&limit=1&after=${items[0]?.id}`)).toMatchObject({ data: [items[1]], has_more: true });
    expect((await get(`${RESPONSES}/${second.id}/input_items?after=nothing`)).status).toBe(400);
    for (const query of ["limit=0", "limit=101", "limit=x", "order=up"])
      expect((await get(`${RESPONSES}/${second.id}/input_items?${query}`)).status).toBe(400);

    const deleted = await server.app.request(`${RESPONSES}/${first.id}`, { method: "DELETE" });
    expect(await deleted.json()).toEqual({ id: first.id, object: "response", deleted: true });
    expect((await get(`${RESPONSES}/${first.id}`)).status).toBe(404);
    expect((await post(RESPONSES, { input: "Three", previous_response_id: second.id })).status).toBe(200);
    expect(engine.chats.at(-1)?.messages).toHaveLength(5);
  });

  it("lists texts as parts, an assistant's as output", async () => {
    const { post, get } = scriptedServer();
    const input = [
      { role: "developer", content: "Be brief." },
      { role: "assistant", content: "Yes?" },
      { role: "user", content: [{ type: "input_text", text: "Hi" }] },
    ];
    const { id } = (await (await post(RESPONSES, { input })).json()) as Answer;
    expect(await (await get(`${RESPONSES}/${id}/input_items?order=asc`)).json()).toMatchObject({
      data: [
        { type: "message", role: "developer", content: [{ type: "input_text", text: "Be brief." }] },
        { type: "message", role: "assistant", content: [{ type: "output_text", text: "Yes?", annotations: [] }] },
        { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] },
      ],
    });
  });

  it("is continued by input whose errors name their own places", async () => {
    const { post } = scriptedServer();
    const { id } = (await (await post(RESPONSES, { input: "One" })).json()) as Answer;
    const wrong = { type: "function_call_output", call_id: "c1" };
    const input = [{ role: "user", content: "Two" }, wrong];
    const refused = await post(RESPONSES, { input, previous_response_id: id });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { param: "input[1].output" } });
  });

  it("is gone when its time is up, or its owner's bytes are", async () => {
    const continued = async ({ post }: TestServer, id: string): Promise<unknown> =>
      (await post(RESPONSES, { input: "More", previous_response_id: id })).json();
    const gone = { error: { code: "previous_response_not_found" } };

    const brief = scriptedServer({}, { storeTtl: 100 });
    const { id } = (await (await brief.post(RESPONSES, { input: "One" })).json()) as Answer;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await brief.get(`${RESPONSES}/${id}`)).status).toBe(404);
    expect(await continued(brief, id)).toMatchObject(gone);

    const whole = scriptedServer();
    await whole.post(RESPONSES, { input: "x".repeat(200) });
    const { data } = (await (await whole.get("/admin/tenants")).json()) as {
      data: { stored_response_bytes: number }[];
    };
    const small = scriptedServer({}, { storeBytes: 2.5 * (data[0]?.stored_response_bytes ?? 0) });
    const ids: string[] = [];
    for (const letter of ["a", "b", "c"]) {
      const answer = await small.post(RESPONSES, { input: letter.repeat(200) });
      ids.push(((await answer.json()) as Answer).id);
    }
    const statuses = await Promise.all(ids.map(async (each) => (await small.get(`${RESPONSES}/${each}`)).status));
    expect(statuses).toEqual([404, 200, 200]);
    expect(await continued(small, ids[0] ?? "")).toMatchObject(gone);
  });

  it("that is unknown, or was not stored, is a 404", async () => {
    const { post, get } = scriptedServer();
    const unknown = await post(RESPONSES, { input: "Hi", previous_response_id: "resp_none" });
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ error: { code: "previous_response_not_found" } });
    const { id } = (await (await post(RESPONSES, { input: "Hi", store: false })).json()) as Answer;
    expect((await get(`${RESPONSES}/${id}`)).status).toBe(404);
  });

  it("cannot be cancelled", async () => {
    const { post } = scriptedServer();
    const { id } = (await (await post(RESPONSES, { input: "Hi" })).json()) as Answer;
    expect((await post(`${RESPONSES}/${id}/cancel`, {})).status).toBe(400);
  });
});
