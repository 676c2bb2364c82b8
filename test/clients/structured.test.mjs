/** Structured outputs by the helpers of the `openai` npm client, unmodified, against the built server. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import OpenAI from "openai";
import { zodFunction, zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { serve } from "./support/serve.mjs";

const model = "tiny";
const Step = z.object({
  kind: z.enum(["read", "write"]),
  line: z.int().min(1).max(99),
  note: z.string().max(12).nullable(),
});
const Plan = z.object({ title: z.string().max(16), steps: z.array(Step).min(1).max(3), done: z.boolean() });
const messages = [{ role: "user", content: "Make a plan" }];
const limits = { model, max_tokens: 600, temperature: 1 };

describe("openai client, structured outputs", () => {
  let server;
  let client;

  before(async () => {
    server = await serve();
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  it("parses a chat completion by zodResponseFormat", async () => {
    for (let seed = 0; seed < 3; seed += 1) {
      const request = { ...limits, seed, messages, response_format: zodResponseFormat(Plan, "plan") };
      const [choice] = (await client.chat.completions.parse(request)).choices;
      assert.equal(choice.finish_reason, "stop");
      assert.deepEqual(choice.message.parsed, Plan.parse(JSON.parse(choice.message.content)));
    }
  });

  it("parses a streamed one, whole and as it grows", async () => {
    const request = { ...limits, seed: 1, messages, response_format: zodResponseFormat(Plan, "plan") };
    const whole = await client.chat.completions.parse(request);
    const stream = client.chat.completions.stream(request);
    const grown = [];
    stream.on("content.delta", ({ parsed }) => grown.push(structuredClone(parsed)));
    const { parsed } = (await stream.finalChatCompletion()).choices[0].message;
    assert.deepEqual(parsed, whole.choices[0].message.parsed);
    assert.deepEqual(grown.at(-1), parsed);
    assert.ok(grown.length > 1);
  });

  it("parses a function's arguments by zodFunction", async () => {
    const tool = zodFunction({ name: "add_step", parameters: Step });
    const tool_choice = { type: "function", function: { name: "add_step" } };
    const answer = await client.chat.completions.parse({ ...limits, seed: 2, messages, tools: [tool], tool_choice });
    const [call] = answer.choices[0].message.tool_calls;
    assert.deepEqual(call.function.parsed_arguments, Step.parse(JSON.parse(call.function.arguments)));
  });

  it("parses a response, and a streamed one", async () => {
    const request = {
      model,
      input: "Make a plan",
      max_output_tokens: 600,
      temperature: 0,
      text: { format: zodTextFormat(Plan, "plan") },
    };
    const whole = await client.responses.parse(request);
    assert.equal(whole.status, "completed");
    assert.deepEqual(whole.output_parsed, Plan.parse(JSON.parse(whole.output_text)));
    const streamed = await client.responses.stream(request).finalResponse();
    assert.deepEqual(streamed.output_parsed, whole.output_parsed);
  });

  it("says in its own error class that an answer was cut", async () => {
    const request = { ...limits, max_tokens: 4, messages, response_format: zodResponseFormat(Plan, "plan") };
    await assert.rejects(client.chat.completions.parse(request), OpenAI.OpenAIError);
  });
});
