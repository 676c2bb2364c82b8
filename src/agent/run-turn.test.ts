import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { ChatEndpoint } from "./chat-endpoint.ts";
import { runTurn, type TurnEvent, type TurnOptions } from "./run-turn.ts";
import { type AgentTool, defineTool } from "./tool.ts";

interface WireRequest {
  readonly messages: readonly Record<string, unknown>[];
  readonly tools?: readonly unknown[];
}

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function bodyOf(request: IncomingMessage): Promise<WireRequest> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as WireRequest;
}

/** A server that gives one prepared message after another, the last one again and again; each may say why it ended. */
async function scripted(
  replies: readonly object[],
): Promise<{ readonly endpoint: ChatEndpoint; readonly requests: WireRequest[] }> {
  const requests: WireRequest[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requests.push(await bodyOf(request));
    const { finish_reason = "stop", ...message }: { readonly finish_reason?: string } =
      replies[Math.min(requests.length, replies.length) - 1] ?? {};
    response.setHeader("content-type", "application/json");
    const usage = { prompt_tokens: 10, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } };
    response.end(JSON.stringify({ choices: [{ finish_reason, message }], usage }));
  };
  const server = createServer((request, response) => void answer(request, response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { endpoint: { url: `http://127.0.0.1:${port}/v1`, model: "m", apiKey: null }, requests };
}

const call = (id: string, name: string, json: string) => ({
  id,
  type: "function",
  function: { name, arguments: json },
});

const add = defineTool({
  name: "add",
  description: "Adds.",
  input: z.object({ a: z.number(), b: z.number() }),
  run: ({ a, b }) => a + b,
});
const broken = defineTool({
  name: "broken",
  description: "Fails.",
  input: z.object({}),
  run: () => {
    throw new RangeError("out of order");
  },
});

async function play(
  endpoint: ChatEndpoint,
  tools: readonly AgentTool[],
  options: TurnOptions = {},
): Promise<TurnEvent[]> {
  const events: TurnEvent[] = [];
  for await (const event of runTurn(endpoint, [{ role: "user", content: "Go" }], tools, options)) events.push(event);
  return events;
}

const resultsOf = (events: readonly TurnEvent[]) =>
  events.flatMap((event) => (event.kind === "result" ? [[event.call.name, event.content, event.failed]] : []));

describe("runTurn", () => {
  it("does not run the last call of a reply that the limit of tokens ended", async () => {
    const calls = [call("1", "add", '{"a": 1, "b": 2}'), call("2", "add", '{"a": 3, "b": 4}')];
    const cut = { content: null, tool_calls: calls, finish_reason: "length" };
    const { endpoint } = await scripted([cut, { content: "3" }]);
    const results = resultsOf(await play(endpoint, [add]));
    expect(results[0]).toEqual(["add", "3", false]);
    expect(results[1]?.slice(1)).toEqual([expect.stringContaining("cut off"), true]);
  });

  it("runs the calls of a reply and asks again with their results", async () => {
    const calls = [call("1", "add", '{"a": 1, "b": 2}'), call("2", "add", '{"a": 3, "b": 4}')];
    const { endpoint, requests } = await scripted([{ content: null, tool_calls: calls }, { content: "3 and 7" }]);
    const events = await play(endpoint, [add]);
    expect(events.map(({ kind }) => kind)).toEqual(["reply", "result", "result", "reply", "answer"]);
    expect(resultsOf(events)).toEqual([
      ["add", "3", false],
      ["add", "7", false],
    ]);
    expect(events.at(-1)).toMatchObject({ kind: "answer", text: "3 and 7" });
    expect(requests[1]?.messages).toEqual([
      { role: "user", content: "Go" },
      { role: "assistant", content: null, tool_calls: calls },
      { role: "tool", tool_call_id: "1", content: "3" },
      { role: "tool", tool_call_id: "2", content: "7" },
    ]);
    expect(requests[0]?.tools).toEqual([
      {
        type: "function",
        function: {
          name: "add",
          description: "Adds.",
          parameters: {
            type: "object",
            properties: { a: { type: "number" }, b: { type: "number" } },
            required: ["a", "b"],
            additionalProperties: false,
          },
        },
      },
    ]);
  });

  it("counts what a reply took where the server says no more than OpenAI's", async () => {
    const { endpoint } = await scripted([{ content: "Hi" }]);
    const [reply] = await play(endpoint, []);
    expect(reply).toMatchObject({ reply: { tokens: { cached: 4, prefilled: 6, generated: 3 }, ms: null } });
  });

  it("gives the model its mistakes as results", async () => {
    const wrong = [
      call("1", "missing", "{}"),
      call("2", "add", "{"),
      call("3", "add", '{"a": "x"}'),
      call("4", "broken", "{}"),
    ];
    const { endpoint } = await scripted([{ content: "Wait.", tool_calls: wrong }, { content: "Sorry" }]);
    const results = resultsOf(await play(endpoint, [add, broken]));
    expect(results.map(([, , failed]) => failed)).toEqual([true, true, true, true]);
    expect(results.map(([, content]) => content)).toEqual([
      expect.stringContaining("no tool missing; there are add, broken"),
      expect.stringContaining("not JSON"),
      expect.stringContaining("wrong arguments"),
      expect.stringContaining("out of order"),
    ]);
  });

  it("stops a model that calls on and on", async () => {
    const { endpoint, requests } = await scripted([{ content: null, tool_calls: [call("1", "add", '{"a":1,"b":1}')] }]);
    await expect(play(endpoint, [add], { maxSteps: 3 })).rejects.toMatchObject({ code: "agent_steps_exceeded" });
    expect(requests).toHaveLength(3);
  });

  it("ends with the signal's reason, and with the server's failures", async () => {
    const { endpoint } = await scripted([{ content: 5 }]);
    await expect(play(endpoint, [])).rejects.toMatchObject({ code: "request_failed" });
    await expect(play({ ...endpoint, url: "http://127.0.0.1:1/v1" }, [])).rejects.toMatchObject({
      code: "request_failed",
    });
    const reason = new RangeError("enough");
    await expect(play(endpoint, [], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
