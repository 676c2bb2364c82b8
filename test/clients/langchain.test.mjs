/** `@langchain/openai` and LangChain's agents, unmodified, against the built server. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent, createMiddleware, tool } from "langchain";
import { z } from "zod";
import { serve } from "./support/serve.mjs";

describe("langchain with openai", () => {
  let server;
  before(async () => {
    server = await serve();
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  const modelOf = (fields = {}) =>
    new ChatOpenAI({
      model: "tiny",
      apiKey: "none",
      maxTokens: 200,
      maxRetries: 0,
      configuration: { baseURL: `${server.url}/v1` },
      ...fields,
    });

  for (const useResponsesApi of [false, true]) {
    it(`runs an agent with tools by ${useResponsesApi ? "responses" : "chat completions"}`, async () => {
      const calls = [];
      const weather = tool(
        (input) => {
          calls.push(input);
          return "clear";
        },
        {
          name: "weather",
          description: "The weather of a city",
          schema: z.object({ city: z.enum(["Oslo", "Rome"]) }),
        },
      );
      // The model is random: its first answer is made to be a call, the one after the result to be text.
      // By name, as the library leaves "required" out of what it sends to responses.
      const named = { type: "function", function: { name: "weather" } };
      const choice = createMiddleware({
        name: "choice",
        wrapModelCall: (request, handler) => handler({ ...request, toolChoice: calls.length === 0 ? named : "none" }),
      });
      const agent = createAgent({ model: modelOf({ useResponsesApi }), tools: [weather], middleware: [choice] });
      const { messages } = await agent.invoke({ messages: [{ role: "user", content: "Weather in Oslo?" }] });
      assert.ok(calls.length >= 1);
      assert.ok(["Oslo", "Rome"].includes(calls[0].city));
      const kinds = messages.map((message) => message.getType());
      assert.deepEqual([...new Set(kinds)], ["human", "ai", "tool"]);
      assert.equal(kinds.at(-1), "ai");
      assert.ok(messages.at(-1).usage_metadata.total_tokens > 0);
    });
  }

  it("streams pieces that make up the whole message", async () => {
    const fields = { temperature: 0, maxTokens: 16 };
    const whole = await modelOf(fields).invoke("Hello");
    let text = "";
    for await (const chunk of await modelOf(fields).stream("Hello")) text += chunk.content;
    assert.equal(text, whole.content);
  });

  it("gets structured output", async () => {
    const schema = z.object({ name: z.string().max(10), level: z.enum(["low", "high"]) });
    for (const method of ["jsonSchema", "functionCalling"]) {
      const bound = modelOf().withStructuredOutput(schema, { method, name: "answer" });
      schema.parse(await bound.invoke("Who?"));
    }
  });
});
