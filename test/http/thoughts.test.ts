/** A model that thinks before it answers: its thought is told apart in every API, whole and streamed, and counted. */

import { describe, expect, it } from "vitest";
import { readEvents, readNamedEvents, scriptedServer } from "./support/test-server.ts";

const user = { messages: [{ role: "user", content: "1 + 2" }] };
/** Tokens of the fake engine are words: three are of the thought, two of the answer, and one ends it. */
const script = { text: "<think>Add them up.</think> It is", thinks: true };
const THOUGHT = "Add them up.";
const ANSWER = " It is";
const usage = { completion_tokens: 6, completion_tokens_details: { reasoning_tokens: 3 } };

interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string; readonly reasoning_content?: string } }[];
  readonly usage?: object | null;
}

describe("a thought", () => {
  it("is reasoning_content of a chat completion", async () => {
    const { post } = scriptedServer(script);
    const whole = await (await post("/v1/chat/completions", user)).json();
    expect(whole).toMatchObject({
      choices: [{ message: { content: ANSWER, reasoning_content: THOUGHT }, finish_reason: "stop" }],
      usage,
    });
    const body = { ...user, stream: true, stream_options: { include_usage: true } };
    const events = (await readEvents(await post("/v1/chat/completions", body))).slice(0, -1) as Chunk[];
    const deltas = events.flatMap(({ choices }) => choices.map(({ delta }) => delta));
    expect(deltas.map((delta) => delta.reasoning_content ?? "").join("")).toBe(THOUGHT);
    expect(deltas.map((delta) => delta.content ?? "").join("")).toBe(ANSWER);
    expect(events.at(-1)?.usage).toMatchObject(usage);
  });

  it("is counted over all choices", async () => {
    const { post } = scriptedServer(script);
    const two = (await (await post("/v1/chat/completions", { ...user, n: 2 })).json()) as Chunk;
    expect(two.usage).toMatchObject({ completion_tokens_details: { reasoning_tokens: 6 } });
  });

  it("is an item of a response, whose stream opens, fills and closes a part of it", async () => {
    const { post } = scriptedServer(script);
    const body = { input: "1 + 2" };
    const output = [
      { type: "reasoning", status: "completed", summary: [], content: [{ type: "reasoning_text", text: THOUGHT }] },
      { type: "message", status: "completed", content: [{ type: "output_text", text: ANSWER }] },
    ];
    const tokens = { output_tokens: 6, output_tokens_details: { reasoning_tokens: 3 } };
    expect(await (await post("/v1/responses", body)).json()).toMatchObject({ output, usage: tokens });

    const events = await readNamedEvents(await post("/v1/responses", { ...body, stream: true }));
    const ofThought = events.filter(({ data }) => (data as { output_index?: number }).output_index === 0);
    expect(ofThought.map(({ name }) => name)).toEqual([
      "response.output_item.added",
      "response.content_part.added",
      "response.reasoning_text.delta",
      "response.reasoning_text.delta",
      "response.reasoning_text.delta",
      "response.reasoning_text.done",
      "response.content_part.done",
      "response.output_item.done",
    ]);
    expect(ofThought[1]?.data).toMatchObject({ content_index: 0, part: { type: "reasoning_text", text: "" } });
    expect(ofThought.at(-2)?.data).toMatchObject({ content_index: 0, part: { type: "reasoning_text", text: THOUGHT } });
    expect(events.at(-1)?.data).toMatchObject({ response: { output, usage: tokens } });
  });

  it("is a block of a message", async () => {
    const { post } = scriptedServer(script);
    const body = { ...user, model: "fake-1b", max_tokens: 16 };
    const content = [
      { type: "thinking", thinking: THOUGHT, signature: "" },
      { type: "text", text: ANSWER },
    ];
    expect(await (await post("/v1/messages", body)).json()).toMatchObject({ content, stop_reason: "end_turn" });

    const events = await readNamedEvents(await post("/v1/messages", { ...body, stream: true }));
    const deltas = events.map(({ data }) => (data as { delta?: Record<string, string> }).delta ?? {});
    const joined = (type: string, field: string): string =>
      deltas.flatMap((delta) => (delta["type"] === type ? [delta[field]] : [])).join("");
    expect(joined("thinking_delta", "thinking")).toBe(THOUGHT);
    expect(joined("text_delta", "text")).toBe(ANSWER);
    const opened = events.flatMap(({ data }) => (data as { content_block?: { type: string } }).content_block ?? []);
    expect(opened.map(({ type }) => type)).toEqual(["thinking", "text"]);
  });

  it("that the token limit cuts off is incomplete", async () => {
    const { post } = scriptedServer({ ...script, text: "<think>Add them", reason: "length" });
    expect(await (await post("/v1/responses", { input: "1 + 2" })).json()).toMatchObject({
      status: "incomplete",
      output: [{ type: "reasoning", status: "incomplete", content: [{ text: "Add them" }] }],
      usage: { output_tokens: 2, output_tokens_details: { reasoning_tokens: 2 } },
    });
  });
});
