/** The server over the engine itself, with a small model of random weights. Needs the build, as the engine's threads do. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { connectRaw, rawPost } from "./support/raw-client.ts";
import { readEvents, testServer, until } from "./support/test-server.ts";
import type { TestServer } from "./support/test-server.ts";

const CHAT = "/v1/chat/completions";
const COMPLETIONS = "/v1/completions";
const folder = mkdtempSync(join(tmpdir(), "turnwise-real-"));
const model = join(folder, "tiny.gguf");
/** Pages for about six of the requests below at once. */
const SMALL_POOL_BYTES = 256 * 1024;

let engine: Engine;
let test: TestServer;

beforeAll(async () => {
  writeRandomModel(model, "tiny", "q8_0", 1);
  engine = await Engine.load({ model, kvMemoryBytes: SMALL_POOL_BYTES, contextTokens: 512, maxSequences: 16 });
  test = testServer(engine, { writeTimeout: 500 });
});
afterAll(async () => {
  await test.server.close();
  await engine.dispose();
  rmSync(folder, { recursive: true });
});

interface Completion {
  readonly choices: readonly {
    readonly text: string;
    readonly finish_reason: string;
    readonly logprobs: { readonly tokens: readonly string[]; readonly text_offset: readonly number[] } | null;
  }[];
  readonly usage: Readonly<Record<string, unknown>>;
}

const complete = async (fields: object): Promise<Completion> =>
  (await (
    await test.post(COMPLETIONS, { prompt: "Once upon a time", max_tokens: 12, ...fields })
  ).json()) as Completion;

async function idle(): Promise<void> {
  for (let tries = 0; (await engine.stats()).running > 0 && tries < 500; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await engine.stats()).toMatchObject({ running: 0, waiting: 0, pagesUsed: 0 });
}

describe("the server over the engine", () => {
  it("streams the text that it gives whole", async () => {
    const fields = {
      prompt: "Once upon a time",
      max_tokens: 24,
      ignore_eos: true,
      seed: 7,
      stop: ["\u0001\u0002\u0003"],
    };
    const whole = await complete(fields);
    const events = await readEvents(await test.post(COMPLETIONS, { ...fields, stream: true }));
    const streamed = (events.slice(0, -1) as Completion[]).map(({ choices }) => choices[0]?.text ?? "").join("");
    expect(streamed).toBe(whole.choices[0]?.text);
    expect(streamed).not.toBe("");
    expect(whole.usage).toMatchObject({ completion_tokens: 24 });
  });

  it("gives the same answer for the same seed, and other choices for n", async () => {
    const [first, again, other] = [
      await complete({ seed: 3, n: 3 }),
      await complete({ seed: 3, n: 3 }),
      await complete({ seed: 4 }),
    ];
    expect(again.choices).toEqual(first.choices);
    expect(new Set([...first.choices, ...other.choices].map(({ text }) => text)).size).toBeGreaterThan(1);
    // Choice i draws with seed + i.
    expect(other.choices[0]?.text).toBe(first.choices[1]?.text);
  });

  it("gives log-probabilities whose offsets point at their tokens, whole and streamed", async () => {
    const fields = { prompt: "Once upon a time", temperature: 0, logprobs: 3, max_tokens: 40 };
    const [choice] = (await complete(fields)).choices;
    const text = Array.from(choice?.text ?? "");
    const { tokens = [], text_offset: offsets = [] } = choice?.logprobs ?? {};
    expect(tokens).toHaveLength(40);
    // Special tokens have no text, and half characters not their own.
    const shown = tokens.map((token, index) => ({ token, offset: offsets[index] ?? -1 }));
    const readable = shown.filter(({ token }) => !/^(<\||bytes:)/.test(token));
    expect(readable.length).toBeGreaterThan(10);
    expect(readable.map(({ offset, token }) => text.slice(offset, offset + Array.from(token).length).join(""))).toEqual(
      readable.map(({ token }) => token),
    );
    const events = await readEvents(await test.post(COMPLETIONS, { ...fields, stream: true }));
    const streamed = (events.slice(0, -1) as Completion[]).flatMap(({ choices }) => choices[0]?.logprobs ?? []);
    expect(streamed.flatMap((part) => part.tokens)).toEqual(tokens);
    expect(streamed.flatMap((part) => part.text_offset)).toEqual(offsets);
  });

  it("chats by the model's template, and counts its prompt as /tokenize does", async () => {
    const messages = [{ role: "user", content: "Hi" }];
    const answer = (await (await test.post(CHAT, { messages, max_tokens: 4, ignore_eos: true })).json()) as Completion;
    const { count } = (await (await test.post("/tokenize", { messages })).json()) as { count: number };
    expect(answer.usage).toMatchObject({ prompt_tokens: count, completion_tokens: 4 });
  });

  it("counts for Anthropic's clients as it does for OpenAI's", async () => {
    const body = { model: "tiny", messages: [{ role: "user", content: "Hi" }], max_tokens: 4 };
    const chat = (await (await test.post(CHAT, body)).json()) as Completion;
    const message = (await (await test.post("/v1/messages", body)).json()) as { usage: Record<string, number> };
    const { max_tokens: _, ...prompt } = body;
    const count = await (await test.post("/v1/messages/count_tokens", prompt)).json();
    const { input_tokens: input = 0, cache_read_input_tokens: read = 0 } = message.usage;
    expect(input + read).toBe(chat.usage.prompt_tokens);
    expect(count).toEqual({ input_tokens: chat.usage.prompt_tokens });
  });

  it("counts what was cached as each API does, by the ledger", async () => {
    const messages = [{ role: "user", content: "What was cached is counted." }];
    const body = { model: "tiny", messages, max_tokens: 4 };
    const { count } = (await (await test.post("/tokenize", { messages })).json()) as { count: number };
    expect((await test.post(CHAT, body)).status).toBe(200);
    // All of the prompt is found but its last token, whose logits are wanted.
    const tokens = { cached: count - 1, prefilled: 1 };
    expect(await (await test.post(CHAT, body)).json()).toMatchObject({
      turnwise: { tokens },
      usage: { prompt_tokens: count, prompt_tokens_details: { cached_tokens: tokens.cached } },
    });
    expect(await (await test.post("/v1/responses", { input: messages, max_output_tokens: 4 })).json()).toMatchObject({
      turnwise: { tokens },
      usage: { input_tokens: count, input_tokens_details: { cached_tokens: tokens.cached } },
    });
    expect(await (await test.post("/v1/messages", body)).json()).toMatchObject({
      turnwise: { tokens },
      usage: { input_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: tokens.cached },
    });
    const marked = { ...body, cache_control: { type: "ephemeral" } };
    expect(await (await test.post("/v1/messages", marked)).json()).toMatchObject({
      turnwise: { tokens },
      usage: { input_tokens: 0, cache_creation_input_tokens: 1, cache_read_input_tokens: tokens.cached },
    });
  });

  it("shows the prompt that it computes", async () => {
    const messages = [{ role: "user", content: "Hi" }];
    const { prompt } = (await (await test.post("/apply-template", { messages })).json()) as { prompt: string };
    expect(prompt).toContain("<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>");
    const { count } = (await (await test.post("/tokenize", { prompt })).json()) as { count: number };
    const chat = (await (await test.post(CHAT, { messages, max_tokens: 1 })).json()) as Completion;
    expect(chat.usage.prompt_tokens).toBe(count);
    const body = { messages, add_generation_prompt: false };
    const shorter = (await (await test.post("/apply-template", body)).json()) as { prompt: string };
    expect(prompt).toBe(`${shorter.prompt}<|start_header_id|>assistant<|end_header_id|>\n\n`);
  });

  it("gives back the text of its tokens", async () => {
    const prompt = "Héllo, wörld 😀";
    const body = { prompt, add_special_tokens: false };
    const { tokens } = (await (await test.post("/tokenize", body)).json()) as { tokens: number[] };
    expect(await (await test.post("/detokenize", { tokens })).json()).toEqual({ prompt });
  });

  it("refuses a prompt over the context with the numbers", async () => {
    const response = await test.post(COMPLETIONS, { prompt: Array<number>(600).fill(65), max_tokens: 5 });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: "context_length_exceeded", message: expect.stringMatching(/512 .*605 .*600 .*5 /) },
    });
  });

  it("names fields of the API where the engine refuses them", async () => {
    const response = await test.post(COMPLETIONS, { prompt: "a", min_tokens: 600, max_tokens: 5 });
    expect(await response.json()).toMatchObject({ error: { code: "request_invalid", param: "min_tokens" } });
  });

  it("answers 200 parallel requests on a pool too small for them", async () => {
    const alone = await complete({ temperature: 0, max_tokens: 40, ignore_eos: true });
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => complete({ temperature: 0, max_tokens: 40, ignore_eos: true })),
    );
    expect(new Set(answers.map(({ choices }) => choices[0]?.text))).toEqual(new Set([alone.choices[0]?.text]));
    await idle();
  });

  it("frees what a client held that disconnects or stops reading", async () => {
    const { port } = await test.server.listen();
    const body = { prompt: "a", max_tokens: 400, ignore_eos: true, stream: true, n: 8, logprobs: 20 };
    const before = await engine.stats();
    const leaving = connectRaw(port);
    leaving.socket.write(rawPost(COMPLETIONS, body));
    await until(() => leaving.received().includes("data: "), "the first token");
    leaving.socket.destroy();
    await idle();
    expect((await engine.stats()).cancelled).toBe(before.cancelled + 1);
    const stalled = Array.from({ length: 4 }, () => connectRaw(port));
    for (const { socket } of stalled) {
      socket.write(rawPost(COMPLETIONS, body));
      socket.pause();
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await complete({})).choices).toHaveLength(1);
    for (const { socket } of stalled) socket.destroy();
    await idle();
  });
});

const ask = async (
  fields: object,
): Promise<{ readonly status: number; readonly body: Completion & { error?: unknown } }> => {
  const response = await test.post(COMPLETIONS, { prompt: "Once", max_tokens: 200, ...fields });
  return { status: response.status, body: (await response.json()) as Completion };
};

describe("bound output", () => {
  const schema = {
    type: "object",
    properties: { city: { type: "string", maxLength: 12 }, days: { type: "integer", minimum: 1, maximum: 14 } },
    required: ["city", "days"],
    additionalProperties: false,
  };
  it("is valid under a schema, for all choices, with penalties, bias and log-probabilities", async () => {
    const response_format = { type: "json_schema", json_schema: { name: "trip", schema, strict: true } };
    const settings = { n: 3, temperature: 1.5, frequency_penalty: 1, logit_bias: { 5: 10 }, logprobs: 2, seed: 11 };
    const { status, body } = await ask({ response_format, ...settings });
    expect(status).toBe(200);
    for (const { text, finish_reason } of body.choices) {
      expect(finish_reason).toBe("stop");
      const value = JSON.parse(text) as { city: string; days: number };
      expect(Object.keys(value)).toEqual(["city", "days"]);
      expect(Array.from(value.city).length).toBeLessThanOrEqual(12);
      expect(value.days >= 1 && value.days <= 14).toBe(true);
    }
  });

  it("is an object where any JSON will do", async () => {
    const fields = { response_format: { type: "json_object" }, temperature: 1.5, max_tokens: 60 };
    for (let seed = 0; seed < 3; seed += 1) {
      const { status, body } = await ask({ ...fields, seed });
      expect(status).toBe(200);
      const value: unknown = JSON.parse(body.choices[0]?.text ?? "");
      expect(Object.prototype.toString.call(value)).toBe("[object Object]");
    }
  });

  it.each([
    [{ guided_choice: ["yes", "no"] }, /^(yes|no)$/],
    [{ grammar: "root ::=" }, /^$/],
    [{ guided_regex: "[a-c]{3}-\\d{2}" }, /^[a-c]{3}-\d{2}$/],
    [{ grammar: 'root ::= "(" root ")" | "x"' }, /^\(*x\)*$/],
  ])("keeps to %j", async (fields, form) => {
    const { status, body } = await ask({ temperature: 1, ...fields });
    expect(status).toBe(200);
    expect(body.choices[0]?.text).toMatch(form);
  });

  it("is whole at the token limit, which is told", async () => {
    const endless = { type: "object", properties: { text: { type: "string", minLength: 20 } }, required: ["text"] };
    const settings = { n: 4, temperature: 1, seed: 2, max_tokens: 48, logit_bias: { 34: -30 } };
    const { status, body } = await ask({ guided_json: endless, ...settings });
    expect(status).toBe(200);
    for (const { text, finish_reason } of body.choices) {
      expect(JSON.parse(text)).toHaveProperty("text");
      expect(finish_reason).toBe("length");
    }
  });

  it("refuses a keyword that cannot be enforced, by name and place", async () => {
    const { status, body } = await ask({ guided_json: { properties: { a: { not: {} } } } });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: "schema_unsupported" });
    expect(JSON.stringify(body.error)).toContain("#/properties/a/not");
  });
});

describe("tool calls", () => {
  const weather = {
    type: "function",
    function: {
      name: "get_weather",
      parameters: {
        type: "object",
        properties: { city: { type: "string", maxLength: 8 }, unit: { enum: ["C", "F"] } },
        required: ["city", "unit"],
        additionalProperties: false,
      },
    },
  };
  const clock = { type: "function", function: { name: "clock", parameters: { type: "object", properties: {} } } };
  const messages = [{ role: "user", content: "Weather?" }];
  interface ChatAnswer {
    readonly choices: readonly {
      readonly message: { readonly content: string | null; readonly tool_calls?: readonly ToolCall[] };
      readonly finish_reason: string;
    }[];
  }
  interface ToolCall {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
    readonly incomplete?: boolean;
  }

  it.each([["auto"], ["hermes"], ["llama3"], ["llama3-builtin"], ["mistral"], ["mistral-args"]])(
    "are forced and valid in the format %s",
    async (toolFormat) => {
      const forced = testServer(engine, { toolFormat: toolFormat as "auto" });
      const body = {
        messages,
        tools: [weather, clock],
        tool_choice: { type: "function", function: { name: "get_weather" } },
      };
      const response = await forced.post(CHAT, { ...body, max_tokens: 150, temperature: 1, seed: 3 });
      expect(response.status).toBe(200);
      const [choice] = ((await response.json()) as ChatAnswer).choices;
      expect(choice?.finish_reason).toBe("tool_calls");
      expect(choice?.message.content).toBe(null);
      const [call] = choice?.message.tool_calls ?? [];
      expect(call?.function.name).toBe("get_weather");
      expect(Object.keys(JSON.parse(call?.function.arguments ?? "") as object)).toEqual(["city", "unit"]);
      await forced.server.close();
    },
  );

  it("come in pieces that make JSON", async () => {
    const body = { messages, tools: [weather], tool_choice: "required", parallel_tool_calls: false, stream: true };
    const response = await test.post(CHAT, { ...body, max_tokens: 150, temperature: 1, seed: 5 });
    expect(response.status).toBe(200);
    const chunks = (await readEvents(response)).filter((event) => event !== "[DONE]") as unknown as readonly {
      readonly choices: readonly {
        readonly delta: { readonly tool_calls?: readonly ToolCall[] };
        readonly finish_reason: string | null;
      }[];
    }[];
    const pieces = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
    expect(pieces[0]?.function.name).toBe("get_weather");
    expect(JSON.parse(pieces.map((piece) => piece.function.arguments).join(""))).toHaveProperty("unit");
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("tool_calls");
  });

  it("that the limit cuts off are marked", async () => {
    const body = { messages, tools: [weather], tool_choice: "required", max_tokens: 40, temperature: 1, seed: 9 };
    const response = await test.post(CHAT, { ...body, logit_bias: { 34: -100 } });
    const [choice] = ((await response.json()) as ChatAnswer).choices;
    expect(response.status).toBe(200);
    // The quote is banned, so that the string, and with it the call, has no end.
    expect(choice?.finish_reason).toBe("length");
    expect(choice?.message.tool_calls?.at(-1)).toMatchObject({ function: { name: "get_weather" }, incomplete: true });
  });

  it("are not asked for without tools, nor together with a grammar", async () => {
    for (const fields of [{ tool_choice: "required" }, { tools: [weather], guided_regex: "[ab]+" }]) {
      expect((await test.post(CHAT, { messages, ...fields })).status).toBe(400);
    }
  });

  it("or an answer that satisfies the format come where both are given, as the model likes", async () => {
    const schema = { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] };
    const format = { type: "json_schema", json_schema: { name: "x", schema } };
    for (let seed = 0; seed < 4; seed += 1) {
      const body = { messages, tools: [weather], response_format: format, max_tokens: 200, temperature: 1.5, seed };
      const [choice] = ((await (await test.post(CHAT, body)).json()) as ChatAnswer).choices;
      const { content, tool_calls: calls = [] } = choice?.message ?? {};
      const given = JSON.parse(calls[0]?.function.arguments ?? content ?? "") as object;
      expect(Object.keys(given)).toEqual(calls.length > 0 ? ["city", "unit"] : ["ok"]);
    }
  });

  it("are in a response's text as its format says, too", async () => {
    const schema = { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] };
    const text = { format: { type: "json_schema", name: "x", schema, strict: true } };
    const response = await test.post("/v1/responses", { input: "Hi", text, temperature: 1.5, max_output_tokens: 100 });
    const body = (await response.json()) as { output: { content: { text: string }[] }[]; text: unknown };
    expect(body.text).toEqual(text);
    expect(JSON.parse(body.output[0]?.content[0]?.text ?? "")).toEqual({ ok: expect.any(Boolean) });
    const refused = { format: { ...text.format, schema: { not: {} } } };
    expect((await test.post("/v1/responses", { input: "Hi", text: refused })).status).toBe(400);
  });
});
