/** The `ai` package with `@ai-sdk/openai-compatible`, unmodified, against the built server. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamObject, streamText, tool } from "ai";
import { z } from "zod";
import { serve } from "./support/serve.mjs";

const prompt = "What is the weather in Oslo?";

describe("ai with openai-compatible", () => {
  let server;
  let model;

  before(async () => {
    server = await serve([], { TURNWISE_API_KEY: "secret" });
    const provider = createOpenAICompatible({
      name: "turnwise",
      baseURL: `${server.url}/v1`,
      apiKey: "secret",
      supportsStructuredOutputs: true,
      includeUsage: true,
    });
    model = provider("tiny");
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  const called = [];
  const tools = {
    weather: tool({
      description: "The weather of a city",
      inputSchema: z.object({ city: z.enum(["Oslo", "Rome"]), days: z.number().int().min(1).max(9) }),
      execute: (input) => {
        called.push(input);
        return { sky: "clear" };
      },
    }),
  };

  it("generates text with tools: a call, its result, and the answer to that", async () => {
    called.length = 0;
    const { steps, finishReason, usage } = await generateText({
      model,
      prompt,
      tools,
      maxOutputTokens: 200,
      stopWhen: stepCountIs(2),
      // The model is random: its first step is made to call, its second to answer.
      prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? "required" : "none" }),
    });
    assert.equal(steps.length, 2);
    assert.equal(steps[0].finishReason, "tool-calls");
    assert.deepEqual(
      steps[0].toolCalls.map(({ input }) => input),
      called,
    );
    assert.ok(called.length >= 1);
    assert.ok(["Oslo", "Rome"].includes(called[0].city));
    assert.match(finishReason, /^(stop|length)$/);
    assert.ok(usage.inputTokens > 0);
    // The second prompt holds the first turn, whose tokens were kept.
    assert.ok(steps[1].usage.cachedInputTokens > 0);
  });

  it("streams a call's arguments in pieces that make up its input", async () => {
    const { fullStream } = streamText({
      model,
      prompt,
      tools: { weather: tool({ ...tools.weather, execute: undefined }) },
      toolChoice: { type: "tool", toolName: "weather" },
      maxOutputTokens: 200,
    });
    let pieces = "";
    let input = null;
    for await (const part of fullStream) {
      assert.notEqual(part.type, "error");
      if (part.type === "tool-input-delta") pieces += part.delta;
      if (part.type === "tool-call") ({ input } = part);
    }
    assert.deepEqual(JSON.parse(pieces), input);
  });

  it("streams an object that satisfies its schema", async () => {
    const schema = z.object({
      name: z.string().max(12),
      tags: z.array(z.enum(["red", "green"])).max(3),
      size: z.number().int().min(0).max(99),
    });
    const { partialObjectStream, object, usage } = streamObject({ model, prompt, schema, maxOutputTokens: 400 });
    let partial = {};
    for await (const each of partialObjectStream) partial = each;
    const whole = await object;
    assert.deepEqual(schema.parse(whole), whole);
    assert.deepEqual(partial, whole);
    assert.ok((await usage).outputTokens > 0);
  });
});
