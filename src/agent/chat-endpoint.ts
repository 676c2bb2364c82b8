/** One chat completion with tools over HTTP, from any OpenAI-compatible server; Turnwise says more of it. */

import { z } from "zod";
import { fail } from "../base/errors.ts";
import type { AgentTool } from "./tool.ts";

export interface ChatEndpoint {
  /** Up to /v1, without a slash at the end. */
  readonly url: string;
  readonly model: string;
  readonly apiKey: string | null;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
}

export type AgentMessage =
  | { readonly role: "system" | "user"; readonly content: string }
  | { readonly role: "assistant"; readonly content: string | null; readonly calls: readonly ToolCall[] }
  | { readonly role: "tool"; readonly callId: string; readonly content: string };

export interface ReplyCost {
  readonly tokens: { readonly cached: number; readonly prefilled: number; readonly generated: number };
  /** Milliseconds; null from a server that does not say. */
  readonly ms: { readonly queue: number; readonly prefill: number; readonly decode: number } | null;
}

export interface Reply extends ReplyCost {
  readonly text: string | null;
  readonly calls: readonly ToolCall[];
  readonly finishReason: string;
}

/** What the model is told of a tool. */
export type OfferedTool = Pick<AgentTool, "name" | "description" | "parameters">;

export interface ReplyOptions {
  readonly signal: AbortSignal;
  readonly maxTokens: number;
  readonly temperature: number;
  /** "auto" where absent. */
  readonly toolChoice?: "auto" | "required";
}

const counts = { cached: z.number(), prefilled: z.number(), generated: z.number() };

const completion = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string(),
        message: z.object({
          content: z.string().nullish(),
          tool_calls: z
            .array(z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) }))
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.object({
    prompt_tokens: z.number(),
    completion_tokens: z.number(),
    prompt_tokens_details: z.object({ cached_tokens: z.number().nullish() }).nullish(),
  }),
  turnwise: z
    .object({
      tokens: z.object(counts),
      ms: z.object({ queue: z.number(), prefill: z.number(), decode: z.number() }),
    })
    .optional(),
});

/** Throws `request_failed`. */
export async function completeChat(
  endpoint: ChatEndpoint,
  messages: readonly AgentMessage[],
  tools: readonly OfferedTool[],
  options: ReplyOptions,
): Promise<Reply> {
  const url = `${endpoint.url}/chat/completions`;
  const body = {
    model: endpoint.model,
    messages: messages.map(toWire),
    max_tokens: options.maxTokens,
    temperature: options.temperature,
    ...(tools.length === 0 ? {} : { tools: tools.map(toolToWire) }),
    ...(options.toolChoice === undefined ? {} : { tool_choice: options.toolChoice }),
  };
  const response = await post(url, endpoint.apiKey, body, options.signal);
  const parsed = completion.safeParse(response);
  if (!parsed.success) return fail("request_failed", { url, reason: z.prettifyError(parsed.error) });
  return toReply(parsed.data);
}

async function post(url: string, apiKey: string | null, body: object, signal: AbortSignal): Promise<unknown> {
  const headers = {
    "content-type": "application/json",
    ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
  };
  try {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
    if (response.ok) return await response.json();
    return fail("request_failed", { url, reason: `${response.status} ${(await response.text()).slice(0, 1000)}` });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TypeError || error instanceof SyntaxError) {
      return fail("request_failed", { url, reason: error.message });
    }
    throw error;
  }
}

function toReply({ choices, usage, turnwise }: z.output<typeof completion>): Reply {
  const [choice] = choices;
  const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  const told = { cached, prefilled: usage.prompt_tokens - cached, generated: usage.completion_tokens };
  return {
    text: choice?.message.content ?? null,
    calls: (choice?.message.tool_calls ?? []).map((call) => ({ id: call.id, ...call.function })),
    finishReason: choice?.finish_reason ?? "stop",
    tokens: turnwise?.tokens ?? told,
    ms: turnwise?.ms ?? null,
  };
}

function toWire(message: AgentMessage): object {
  switch (message.role) {
    case "system":
    case "user":
      return message;
    case "assistant": {
      const calls = message.calls.map(({ id, name, arguments: json }) => ({
        id,
        type: "function",
        function: { name, arguments: json },
      }));
      return { role: "assistant", content: message.content, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
    }
    case "tool":
      return { role: "tool", tool_call_id: message.callId, content: message.content };
    default:
      return message satisfies never;
  }
}

function toolToWire({ name, description, parameters }: OfferedTool): object {
  return { type: "function", function: { name, description, parameters } };
}
