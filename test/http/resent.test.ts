/**
 * Clients that keep nothing and resend everything, tool calls as they parsed them: each API knows its own answers
 * again, and computes what is new. Over the engine itself; needs the build.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { readNamedEvents, testServer } from "./support/test-server.ts";
import type { TestServer } from "./support/test-server.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-resent-"));
const model = join(folder, "tiny.gguf");
let engine: Engine;
let test: TestServer;

beforeAll(async () => {
  writeRandomModel(model, "tiny", "q8_0", 1);
  engine = await Engine.load({ model, contextTokens: 2048, maxSequences: 8 });
  test = testServer(engine);
});
afterAll(async () => {
  await test.server.close();
  await engine.dispose();
  rmSync(folder, { recursive: true });
});

const PARAMETERS = {
  type: "object",
  properties: { unit: { enum: ["celsius", "kelvin"] }, days: { enum: [1, 2, 3] }, city: { enum: ["Rome", "Oslo"] } },
  required: ["unit", "days", "city"],
  additionalProperties: false,
};

interface Turnwise {
  readonly session: string | null;
  readonly turn: string;
  readonly tokens: { readonly cached: number; readonly prefilled: number; readonly generated: number };
  readonly miss: unknown;
}

/** One turn: what the client has to send for the next one, and what the server says of this one. */
interface Step {
  readonly conversation: readonly object[];
  readonly turnwise: Turnwise;
}

/** How a client of an API asks for a call, resends it and answers it. */
interface Client {
  readonly name: string;
  ask(conversation: readonly object[], choice: "call" | "text"): Promise<Step>;
  opening(question: string): readonly object[];
  /** What answers the call that the last step ended with. */
  result(conversation: readonly object[]): object;
}

/** The same arguments as a client may write them: fields in another order, with white space. */
function rewritten(given: string): string {
  const value = JSON.parse(given) as Record<string, unknown>;
  return JSON.stringify(Object.fromEntries(Object.entries(value).toReversed()), null, 2);
}

async function post<Body>(path: string, body: object): Promise<Body> {
  const response = await test.post(path, { temperature: 0, ...body });
  const answer: unknown = await response.json();
  expect({ status: response.status, answer }).toMatchObject({ status: 200 });
  return answer as Body;
}

interface ChatCall {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

const chatClient: Client = {
  name: "chat completions",
  opening: (question) => [
    { role: "system", content: "You know the weather." },
    { role: "user", content: question },
  ],
  async ask(messages, choice) {
    const tools = [{ type: "function", function: { name: "forecast", parameters: PARAMETERS } }];
    const { choices, turnwise } = await post<{
      choices: { message: { content: string | null; tool_calls?: ChatCall[] } }[];
      turnwise: Turnwise;
    }>("/v1/chat/completions", {
      messages,
      tools,
      ...(choice === "call" ? { tool_choice: "required" } : { max_tokens: 7, ignore_eos: true }),
    });
    const message = choices[0]?.message;
    const calls = message?.tool_calls?.map((call) => ({
      ...call,
      type: "function",
      function: { ...call.function, arguments: rewritten(call.function.arguments) },
    }));
    const reply = {
      role: "assistant",
      content: message?.content,
      ...(calls === undefined ? {} : { tool_calls: calls }),
    };
    return { conversation: [...messages, reply], turnwise };
  },
  result(conversation) {
    const { tool_calls: calls } = conversation.at(-1) as { tool_calls: ChatCall[] };
    return { role: "tool", tool_call_id: calls[0]?.id, content: "12 degrees" };
  },
};

const messagesClient: Client = {
  name: "messages",
  opening: (question) => [{ role: "user", content: question }],
  async ask(messages, choice) {
    const { content, turnwise } = await post<{ content: { type: string; input?: object }[]; turnwise: Turnwise }>(
      "/v1/messages",
      {
        model: "tiny",
        system: "You know the weather.",
        messages,
        tools: [{ name: "forecast", input_schema: PARAMETERS }],
        max_tokens: choice === "call" ? 400 : 7,
        ...(choice === "call" ? { tool_choice: { type: "any" } } : {}),
      },
    );
    const blocks = content.map((block) =>
      block.type === "tool_use"
        ? { ...block, input: JSON.parse(rewritten(JSON.stringify(block.input))) as object }
        : block,
    );
    return { conversation: [...messages, { role: "assistant", content: blocks }], turnwise };
  },
  result(conversation) {
    const { content } = conversation.at(-1) as { content: { type: string; id: string }[] };
    const id = content.find(({ type }) => type === "tool_use")?.id;
    return { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "12 degrees" }] };
  },
};

const responsesClient: Client = {
  name: "responses",
  opening: (question) => [
    { role: "system", content: "You know the weather." },
    { role: "user", content: question },
  ],
  async ask(input, choice) {
    const { output, turnwise } = await post<{
      output: { type: string; call_id?: string; arguments?: string }[];
      turnwise: Turnwise;
    }>("/v1/responses", {
      input,
      store: false,
      tools: [{ type: "function", name: "forecast", parameters: PARAMETERS }],
      ...(choice === "call" ? { tool_choice: "required" } : { max_output_tokens: 7 }),
    });
    const items = output.map((item) =>
      item.arguments === undefined ? item : { ...item, arguments: rewritten(item.arguments) },
    );
    return { conversation: [...input, ...items], turnwise };
  },
  result(conversation) {
    const { call_id: id } = conversation.at(-1) as { call_id: string };
    return { type: "function_call_output", call_id: id, output: "12 degrees" };
  },
};

/** Tokens of a turn that the next one can find: all but the last, which was generated and not computed. */
const findable = ({ tokens }: Turnwise): number => tokens.cached + tokens.prefilled + tokens.generated - 1;

describe.each([chatClient, messagesClient, responsesClient])("a client of $name that resends everything", (client) => {
  it("computes what is new: calls that it parsed and texts are known again", async () => {
    // The APIs share the tenant's cache, so each client has a question of its own.
    const first = await client.ask(client.opening(`${client.name}: how warm will it be?`), "call");
    expect(first.turnwise).toMatchObject({ session: null, miss: null });
    const second = await client.ask([...first.conversation, client.result(first.conversation)], "text");
    expect(second.turnwise.tokens.cached).toBe(findable(first.turnwise));
    expect(second.turnwise.miss).toBeNull();
    const third = await client.ask([...second.conversation, { role: "user", content: "And then?" }], "call");
    expect(third.turnwise.tokens.cached).toBe(findable(second.turnwise));
    expect(third.turnwise.miss).toBeNull();
  });

  it("is told that its history came back changed, and where", async () => {
    const opening = client.opening(`${client.name}: is it windy?`);
    const first = await client.ask(opening, "call");
    const edited = client.opening(`${client.name}: is it sunny?`);
    const rest = first.conversation.slice(opening.length);
    const result = client.result(first.conversation);
    const { turnwise } = await client.ask([...edited, ...rest, result], "text");
    expect(turnwise.miss).toEqual({ index: turnwise.tokens.cached, cause: "history_changed" });
    expect(turnwise.tokens.cached).toBeGreaterThan(0);
  });
});

describe("a call that the token limit cut off", () => {
  const tools = [{ type: "function", function: { name: "forecast", parameters: PARAMETERS } }];
  const tight = { tools, tool_choice: "required", max_tokens: 60 };

  it.each(["hermes", "llama3-builtin"] as const)(
    "is known again as the client was given it (%s)",
    async (toolFormat) => {
      const own = testServer(engine, { toolFormat });
      const opening = [
        { role: "system", content: `Answer by calls of ${toolFormat}.` },
        { role: "user", content: "Warm?" },
      ];
      const ask = async (
        body: object,
      ): Promise<{ message: object & { tool_calls?: ChatCall[] }; turnwise: Turnwise }> => {
        const response = await own.post("/v1/chat/completions", { temperature: 0, ...body });
        expect(response.status).toBe(200);
        const answer = (await response.json()) as {
          choices: { message: { tool_calls?: ChatCall[] } }[];
          turnwise: Turnwise;
        };
        return { message: answer.choices[0]?.message ?? {}, turnwise: answer.turnwise };
      };
      const first = await ask({ messages: opening, ...tight });
      const call = first.message.tool_calls?.[0];
      expect(call).toMatchObject({ incomplete: true });
      expect(() => void JSON.parse(call?.function.arguments ?? "")).toThrow(SyntaxError);
      const result = { role: "tool", tool_call_id: call?.id, content: "It was cut off." };
      const second = await ask({ messages: [...opening, first.message, result], tools, max_tokens: 7 });
      expect(second.turnwise).toMatchObject({ miss: null, tokens: { cached: findable(first.turnwise) } });
      await own.server.close();
    },
  );
});

describe("the turnwise object", () => {
  const SHAPE = {
    session: null,
    turn: expect.stringMatching(/^turn_/),
    tokens: { cached: expect.any(Number), prefilled: expect.any(Number), generated: 3 },
    ms: { queue: expect.any(Number), prefill: expect.any(Number), decode: expect.any(Number) },
    miss: null,
    ignored: ["wizardry"],
  };

  it("comes with the last event of a stream of messages and of responses", async () => {
    const common = { stream: true, temperature: 0, wizardry: 1 };
    const messages = [{ role: "user", content: "Hi" }];
    const message = await test.post("/v1/messages", { ...common, model: "tiny", messages, max_tokens: 3 });
    const delta = (await readNamedEvents(message)).find(({ name }) => name === "message_delta");
    expect(delta?.data).toMatchObject({ turnwise: SHAPE });
    const response = await test.post("/v1/responses", { ...common, input: "Hi", max_output_tokens: 3 });
    const last = (await readNamedEvents(response)).at(-1);
    expect(last?.data).toMatchObject({ response: { turnwise: SHAPE } });
  });

  it("has the same fields where nothing is a turn", async () => {
    const answer = await post<{ turnwise: object }>("/v1/completions", {
      prompt: "Hi",
      max_tokens: 3,
      ignore_eos: true,
    });
    expect(answer.turnwise).toEqual({ ...SHAPE, turn: null, ignored: [] });
  });
});
