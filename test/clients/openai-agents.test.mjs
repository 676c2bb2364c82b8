/** `@openai/agents`, unmodified, against the built server: a run with two tools and a hand-off, by both of OpenAI's APIs. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from "@openai/agents";
import OpenAI from "openai";
import { z } from "zod";
import { serve } from "./support/serve.mjs";

setTracingDisabled(true);

/** The model is random, so an agent's answer is made to be one call of the tool that is due. */
const once = (toolChoice) => ({ toolChoice, parallelToolCalls: false, maxTokens: 300 });

describe("openai agents", () => {
  let server;
  before(async () => {
    server = await serve();
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  for (const useResponses of [false, true]) {
    it(`runs two tools and a hand-off by ${useResponses ? "responses" : "chat completions"}`, async () => {
      const { runner, triage, calls } = team(server.url, useResponses);
      const result = await runner.run(triage, "Is my order late?", { maxTurns: 8 });
      check(result, calls);
    });

    it(`streams the same by ${useResponses ? "responses" : "chat completions"}`, async () => {
      const { runner, triage, calls } = team(server.url, useResponses);
      const result = await runner.run(triage, "Is my order late?", { maxTurns: 8, stream: true });
      const kinds = new Set();
      for await (const event of result) if (event.type === "run_item_stream_event") kinds.add(event.name);
      await result.completed;
      for (const kind of ["tool_called", "tool_output", "handoff_requested", "handoff_occurred"])
        assert.ok(kinds.has(kind), kind);
      check(result, calls);
    });
  }
});

/** An agent that looks an order up and hands over, and one that reads a clock and answers. */
function team(url, useResponses) {
  const calls = [];
  const record = (name) => (input) => {
    calls.push([name, input]);
    return `${name} is done`;
  };
  const lookUp = tool({
    name: "look_up_order",
    description: "Finds an order",
    parameters: z.object({ order: z.number().int().min(1).max(99) }),
    execute: record("look_up_order"),
  });
  const clock = tool({
    name: "read_clock",
    description: "The time of a zone",
    parameters: z.object({ zone: z.enum(["UTC", "CET"]) }),
    execute: record("read_clock"),
  });
  const model = "tiny";
  const shipping = new Agent({
    name: "Shipping",
    instructions: "You know about shipping.",
    model,
    tools: [clock],
    // After its one call its choice is "auto" again, in which a random model writes text.
    modelSettings: once("read_clock"),
  });
  const triage = new Agent({
    name: "Triage",
    instructions: "Look the order up, then hand over.",
    model,
    tools: [lookUp],
    handoffs: [shipping],
    modelSettings: once("look_up_order"),
    resetToolChoice: false,
  });
  // The first agent's second answer is the hand-off.
  triage.on("agent_tool_end", () => {
    triage.modelSettings = once("transfer_to_Shipping");
  });
  const openAIClient = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
  const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient, useResponses }) });
  return { runner, triage, calls };
}

function check(result, calls) {
  assert.deepEqual(
    calls.map(([name]) => name),
    ["look_up_order", "read_clock"],
  );
  assert.ok(calls[0][1].order >= 1 && calls[0][1].order <= 99);
  assert.ok(["UTC", "CET"].includes(calls[1][1].zone));
  assert.equal(result.lastAgent.name, "Shipping");
  assert.equal(typeof result.finalOutput, "string");
  const kinds = result.newItems.map(({ type }) => type);
  assert.ok(kinds.includes("handoff_call_item") && kinds.includes("handoff_output_item"));
}
