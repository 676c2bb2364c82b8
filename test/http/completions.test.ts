import { describe, expect, it } from "vitest";
import { readEvents, scriptedServer } from "./support/test-server.ts";

const COMPLETIONS = "/v1/completions";

describe("POST /v1/completions", () => {
  it("answers in OpenAI's shape, with OpenAI's default of 16 tokens", async () => {
    const { post, engine } = scriptedServer({ reason: "length" });
    const response = await post(COMPLETIONS, { model: "fake-1b", prompt: "Say" });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^cmpl-[0-9a-f]{32}$/),
      object: "text_completion",
      created: expect.any(Number),
      model: "fake-1b",
      system_fingerprint: expect.any(String),
      choices: [{ index: 0, text: "Hello there, world!", logprobs: null, finish_reason: "length" }],
      usage: { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6, prompt_tokens_details: { cached_tokens: 0 } },
      turnwise: expect.objectContaining({ tokens: { cached: 0, prefilled: 3, generated: 3 } }),
    });
    expect(engine.requests[0]).toMatchObject({ prompt: "Say", maxTokens: 16 });
  });

  it("streams text_completion chunks", async () => {
    const { post } = scriptedServer();
    const events = await readEvents(await post(COMPLETIONS, { prompt: "Say", stream: true }));
    const choices = events.slice(0, -1).map((event) => (event as { choices: unknown[] }).choices[0]);
    expect(events[0]).toMatchObject({ object: "text_completion" });
    expect(choices).toEqual([
      { index: 0, text: "Hello", logprobs: null, finish_reason: null },
      { index: 0, text: " there,", logprobs: null, finish_reason: null },
      { index: 0, text: " world!", logprobs: null, finish_reason: null },
      { index: 0, text: "", logprobs: null, finish_reason: "stop" },
    ]);
    expect(events.at(-1)).toBe("[DONE]");
  });

  it.each([
    ["a string", "Say", "Say"],
    ["ids", [83, 97], Int32Array.of(83, 97)],
    ["an array of one string", ["Say"], "Say"],
    ["an array of ids of one prompt", [[83, 97]], Int32Array.of(83, 97)],
  ])("takes a prompt as %s", async (_, prompt, expected) => {
    const { post, engine } = scriptedServer();
    expect((await post(COMPLETIONS, { prompt })).status).toBe(200);
    expect(engine.requests[0]?.prompt).toEqual(expected);
  });

  it.each([
    ["nothing", undefined, "prompt"],
    ["null", null, "prompt"],
    ["a number", 5, "prompt"],
    ["two strings", ["a", "b"], "prompt"],
    ["two lists of ids", [[1], [2]], "prompt"],
    ["an id that is not whole", [1, 2.5], "prompt[1]"],
    ["a negative id", [-1], "prompt[0]"],
    ["an id outside the vocabulary", [65, 258], "prompt[1]"],
    ["an id beyond int32", [2 ** 31], "prompt[0]"],
    ["a mixture", [1, "a"], "prompt[1]"],
  ])("refuses a prompt that is %s", async (_, prompt, param) => {
    const { post, engine } = scriptedServer();
    const response = await post(COMPLETIONS, { prompt });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "request_invalid", param } });
    expect(engine.requests).toHaveLength(0);
  });

  it("refuses an empty prompt and one over the context, with the numbers", async () => {
    const { post } = scriptedServer();
    for (const prompt of ["", []]) {
      const response = await post(COMPLETIONS, { prompt });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: "prompt_empty" } });
    }
    const response = await post(COMPLETIONS, { prompt: "x".repeat(1990), max_tokens: 20, stream: true });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: "context_length_exceeded", message: expect.stringMatching(/2000 .* 2010 .*1990 .*20 /) },
    });
  });

  it("echoes the prompt, whole and streamed, also from ids", async () => {
    const { post } = scriptedServer({ text: "there" });
    const whole = await post(COMPLETIONS, { prompt: "Hi ", echo: true });
    expect(await whole.json()).toMatchObject({ choices: [{ text: "Hi there" }] });
    const events = await readEvents(await post(COMPLETIONS, { prompt: [72, 105], echo: true, stream: true }));
    expect(events[0]).toMatchObject({ choices: [{ text: "Hi", finish_reason: null }] });
    expect(events[1]).toMatchObject({ choices: [{ text: "there" }] });
    const refused = await post(COMPLETIONS, { prompt: "Hi", echo: true, logprobs: 1 });
    expect(await refused.json()).toMatchObject({ error: { code: "field_refused", param: "echo" } });
  });

  it("gives log-probabilities with offsets, whole and streamed alike", async () => {
    const { post } = scriptedServer({ text: "né yes no" });
    const body = { prompt: "Say", logprobs: 2 };
    const whole = (await (await post(COMPLETIONS, body)).json()) as {
      choices: { logprobs: Record<string, unknown[]> }[];
    };
    const logprobs = whole.choices[0]?.logprobs;
    expect(logprobs).toEqual({
      tokens: ["né", " yes", " no"],
      token_logprobs: [-0.25, -0.25, -0.25],
      top_logprobs: [
        { né: -0.25, "alternative 1": -1 },
        { " yes": -0.25, "alternative 1": -1 },
        { " no": -0.25, "alternative 1": -1 },
      ],
      text_offset: [0, 2, 6],
    });
    const events = await readEvents(await post(COMPLETIONS, { ...body, stream: true }));
    const streamed = events
      .map((event) => (event as { choices?: { logprobs: Record<string, unknown[]> | null }[] }).choices?.[0]?.logprobs)
      .filter((part) => part !== null && part !== undefined);
    for (const [name, values] of Object.entries(logprobs ?? {}))
      expect(streamed.flatMap((part) => part[name])).toEqual(values);
  });
});
