/** A call that the token limit cuts off is marked in every API, whole and streamed, so that no client runs it. */

import { describe, expect, it } from "vitest";
import { readEvents, readNamedEvents, scriptedServer } from "./support/test-server.ts";

const messages = [{ role: "user", content: "1 + 2" }];
const parameters = { type: "object" };
/** As the fake engine's model writes calls: a whole one, and one that ends within its arguments. */
const WHOLE = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>';
const text = `${WHOLE}\n<tool_call>\n{"name": "add", "arguments": {"a": 1, "b":`;
const cut = { text, reason: "length" } as const;

describe("a call that is cut off", () => {
  const tools = [{ type: "function", function: { name: "add", parameters } }];

  it("is marked in a chat completion, and by the last chunk", async () => {
    const { post } = scriptedServer(cut);
    expect(await (await post("/v1/chat/completions", { messages, tools })).json()).toMatchObject({
      choices: [
        {
          finish_reason: "length",
          message: {
            tool_calls: [
              { id: expect.any(String), type: "function", function: { name: "add", arguments: '{"a": 1}' } },
              { function: { name: "add", arguments: '{"a": 1, "b":' }, incomplete: true },
            ],
          },
        },
      ],
    });
    const events = await readEvents(await post("/v1/chat/completions", { messages, tools, stream: true }));
    const marked = events.filter((event) => JSON.stringify(event).includes("incomplete"));
    expect(marked).toEqual([events.at(-2)]);
    expect(marked).toMatchObject([
      {
        choices: [
          {
            delta: { tool_calls: [{ index: 1, function: { arguments: "" }, incomplete: true }] },
            finish_reason: "length",
          },
        ],
      },
    ]);
  });

  it("is marked in a message, and by the event that ends its block", async () => {
    const { post } = scriptedServer(cut);
    const body = { model: "fake-1b", max_tokens: 99, messages, tools: [{ name: "add", input_schema: parameters }] };
    expect(((await (await post("/v1/messages", body)).json()) as { content: unknown }).content).toEqual([
      { type: "tool_use", id: expect.any(String), name: "add", input: { a: 1 } },
      { type: "tool_use", id: expect.any(String), name: "add", input: {}, incomplete: true },
    ]);
    const events = await readNamedEvents(await post("/v1/messages", { ...body, stream: true }));
    expect(events.filter(({ name }) => name === "content_block_stop").map(({ data }) => data)).toEqual([
      { type: "content_block_stop", index: 0 },
      { type: "content_block_stop", index: 1, incomplete: true },
    ]);
  });

  it("is an incomplete item of a response", async () => {
    const { post } = scriptedServer(cut);
    const body = { input: "1 + 2", tools: [{ type: "function", name: "add", parameters }] };
    const output = [
      { type: "function_call", status: "completed", arguments: '{"a": 1}' },
      { type: "function_call", status: "incomplete", arguments: '{"a": 1, "b":' },
    ];
    expect(await (await post("/v1/responses", body)).json()).toMatchObject({ status: "incomplete", output });
    const events = await readNamedEvents(await post("/v1/responses", { ...body, stream: true }));
    const done = events.flatMap(({ name, data }) =>
      name === "response.output_item.done" ? [(data as { item: object }).item] : [],
    );
    expect(done).toMatchObject(output);
  });
});

it("a call that a stop string cuts off is no call to run", async () => {
  const { post } = scriptedServer({ text, stopString: ":" });
  const tools = [{ type: "function", function: { name: "add", parameters } }];
  const answer = await (await post("/v1/chat/completions", { messages, tools })).json();
  expect(answer).toMatchObject({
    choices: [{ finish_reason: "stop", message: { tool_calls: [{}, { incomplete: true }] } }],
  });
});

it("a call that ended before the limit is not marked", async () => {
  const { post } = scriptedServer({ text: WHOLE, reason: "length" });
  const tools = [{ type: "function", name: "add", parameters }];
  expect(await (await post("/v1/responses", { input: "1 + 2", tools })).json()).toMatchObject({
    status: "incomplete",
    output: [{ type: "function_call", status: "completed", arguments: '{"a": 1}' }],
  });
});
