/** A conversation with its tools, and what each of the assistant's messages is to be judged by. */

import type { ChatMessage, ChatTool } from "../../text/template/types.ts";
import type { Json } from "./values/value.ts";

export interface ExpectedCall {
  readonly name: string;
  readonly args: Readonly<Record<string, Json>>;
}

export type Decision =
  /** These calls, in any order. */
  | { readonly kind: "call"; readonly calls: readonly ExpectedCall[] }
  /** No call, and a text that holds what the tools gave back. */
  | { readonly kind: "answer"; readonly contains: readonly string[] }
  /** No call: a question back, small talk, or no tool that fits. */
  | { readonly kind: "no-call" };

export interface Step {
  readonly message: ChatMessage & { readonly content: string };
  /** Of the assistant's messages. */
  readonly decision?: Decision;
}

export interface Conversation {
  readonly tools: readonly ChatTool[];
  readonly steps: readonly Step[];
  /** Its tools are made of words that no training conversation has. */
  readonly unseen: boolean;
}

export const userSays = (content: string): Step => ({ message: { role: "user", content } });

export const toolSays = (content: string): Step => ({ message: { role: "tool", content } });

export const assistantSays = (content: string, contains?: readonly string[]): Step => ({
  message: { role: "assistant", content },
  decision: contains === undefined ? { kind: "no-call" } : { kind: "answer", contains },
});

export const assistantCalls = (calls: readonly ExpectedCall[]): Step => ({
  message: {
    role: "assistant",
    content: "",
    tool_calls: calls.map(({ name, args }) => ({ type: "function", function: { name, arguments: args } })),
  },
  decision: { kind: "call", calls },
});
