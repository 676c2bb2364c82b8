/**
 * A finished turn: a conversation up to and with the model's reply, and the tokens that stand for it, as
 * they were computed and generated. Immutable; later turns and forks begin from it.
 */

import type { ChatInput, ChatMessage } from "../text/template/types.ts";

/** What is fixed for all turns of a conversation. */
export type ConversationFrame = Pick<ChatInput, "tools" | "variables">;

export interface Turn {
  readonly id: string;
  readonly frame: ConversationFrame;
  /** The last one is the reply. */
  readonly messages: readonly ChatMessage[];
  /** The prompt's text, which ends with the opening of the reply. */
  readonly promptText: string;
  /** Prompt and reply. Ends with the model's end token, or where the reply's text was cut. */
  readonly ledger: Int32Array;
  /** Text of the reply that no whole token of the ledger has: what came before a stop string within one. */
  readonly pendingText: string;
  readonly usage: {
    readonly promptTokens: number;
    readonly outputTokens: number;
    readonly cachedTokens: number;
  };
}

/** Why a prompt does not begin with the ledger of the turn it continues. */
export type MissCause = "template_rewrote_history";

/** A prompt, and what it rests on. */
export interface TurnPrompt {
  /** Text where the engine is to tokenise it: that has no tokens of its own to keep. */
  readonly prompt: string | Int32Array;
  /** As the template renders it. */
  readonly text: string;
  readonly messages: readonly ChatMessage[];
  readonly frame: ConversationFrame;
  readonly miss: { readonly index: number; readonly cause: MissCause } | null;
}
