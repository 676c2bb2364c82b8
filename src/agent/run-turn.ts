/**
 * An agent's turn: the model is asked, its calls are run, it is asked again with their results, until it
 * answers. What a tool throws and what a call gets wrong are results that the model reads; only the
 * server's failures and the limit of steps end a turn.
 */

import { fail } from "../base/errors.ts";
import { type AgentMessage, type ChatEndpoint, completeChat, type Reply, type ToolCall } from "./chat-endpoint.ts";
import type { AgentTool } from "./tool.ts";

export interface TurnOptions {
  readonly signal?: AbortSignal;
  /** Replies of the model; a turn that needs more throws `agent_steps_exceeded`. */
  readonly maxSteps?: number;
  /** Of each reply. */
  readonly maxTokens?: number;
  readonly temperature?: number;
}

/** A model that calls on and on is stopped here. */
const DEFAULT_MAX_STEPS = 8;
const DEFAULT_MAX_TOKENS = 1024;
/** A tool's result beyond it is cut: one file must not fill the context. */
const MAX_RESULT_CHARACTERS = 64 * 1024;

export type TurnEvent =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "result"; readonly call: ToolCall; readonly content: string; readonly failed: boolean }
  /** `messages` is the conversation with all of the turn. */
  | { readonly kind: "answer"; readonly text: string; readonly messages: readonly AgentMessage[] };

/** Ends with one "answer". Throws `request_failed`, `agent_steps_exceeded`, and the signal's reason. */
export async function* runTurn(
  endpoint: ChatEndpoint,
  conversation: readonly AgentMessage[],
  tools: readonly AgentTool[],
  options: TurnOptions = {},
): AsyncGenerator<TurnEvent> {
  const { maxSteps = DEFAULT_MAX_STEPS, maxTokens = DEFAULT_MAX_TOKENS, temperature = 0 } = options;
  const signal = options.signal ?? new AbortController().signal;
  const messages = [...conversation];
  for (let step = 0; step < maxSteps; step += 1) {
    const reply = await completeChat(endpoint, messages, tools, { signal, maxTokens, temperature });
    yield { kind: "reply", reply };
    messages.push({ role: "assistant", content: reply.text, calls: reply.calls });
    if (reply.calls.length === 0) {
      yield { kind: "answer", text: reply.text ?? "", messages };
      return;
    }
    // Parallel calls run together; their results keep the calls' order.
    const results = await Promise.all(
      reply.calls.map(async (call) => (isShortened(call, reply) ? cutOff(call) : runCall(call, tools, signal))),
    );
    signal.throwIfAborted();
    for (const result of results) {
      yield { kind: "result", ...result };
      messages.push({ role: "tool", callId: result.call.id, content: result.content });
    }
  }
  fail("agent_steps_exceeded", { limit: maxSteps });
}

interface CallResult {
  readonly call: ToolCall;
  readonly content: string;
  readonly failed: boolean;
}

/** The token limit may have cut what it says, although a grammar has closed it: a file would lack its end. */
function isShortened(call: ToolCall, { calls, finishReason }: Reply): boolean {
  return finishReason === "length" && call === calls.at(-1);
}

const cutOff = (call: ToolCall): CallResult =>
  failedCall(call, "the call was cut off by the limit of tokens and has not run; ask for less at once");

function failedCall(call: ToolCall, problem: string): CallResult {
  return { call, content: JSON.stringify({ error: problem }), failed: true };
}

async function runCall(call: ToolCall, tools: readonly AgentTool[], signal: AbortSignal): Promise<CallResult> {
  const failed = (problem: string): CallResult => failedCall(call, problem);
  const tool = tools.find(({ name }) => name === call.name);
  if (tool === undefined)
    return failed(`there is no tool ${call.name}; there are ${tools.map(({ name }) => name).join(", ")}`);
  let input: unknown;
  try {
    input = JSON.parse(call.arguments);
  } catch {
    return failed("the arguments are not JSON");
  }
  try {
    const result = await tool.run(input, signal);
    const content = (typeof result === "string" ? result : (JSON.stringify(result) ?? "null")).slice(
      0,
      MAX_RESULT_CHARACTERS,
    );
    return { call, content, failed: isError(result) };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

function isError(result: unknown): boolean {
  return typeof result === "object" && result !== null && "error" in result;
}
