/**
 * A finished turn: a conversation up to and with the model's reply, and the tokens that stand for it, as
 * they were computed and generated. Immutable; later turns and forks begin from it.
 */

import type { GenerationTimings, GenerationUsage } from "../engine/types.ts";
import type { ChatInput, ChatMessage } from "../text/template/types.ts";
import type { Departure, Miss } from "./miss.ts";

/** What is fixed for all turns of a conversation. */
export type ConversationFrame = Pick<ChatInput, "tools" | "variables">;

/** A conversation before its next reply. */
export interface ConversationSoFar {
  readonly frame: ConversationFrame;
  readonly messages: readonly ChatMessage[];
}

export interface Turn extends ConversationSoFar {
  readonly id: string;
  /** The prompt's text, which ends with the opening of the reply; `messages` ends with the reply. */
  readonly promptText: string;
  /** Prompt and reply. Ends with the model's end token, or where the reply's text was cut. */
  readonly ledger: Int32Array;
  /** Text of the reply that no whole token of the ledger has: what came before a stop string within one. */
  readonly pendingText: string;
  /** The part of the tenant's cache that has its KV. */
  readonly cacheKey: string;
  readonly usage: GenerationUsage;
  readonly timings: GenerationTimings;
  readonly miss: Miss | null;
  /** Where its prompt left the turn before it, in words; null where it did not. */
  readonly departure: Departure | null;
}

/** Memory that a turn holds: messages are shared with the turns before, the prompt's text and the ledger are its own. */
export function turnBytes({ ledger, promptText }: Turn): number {
  return ledger.byteLength + 2 * promptText.length;
}

/** The turn whose tokens a prompt should begin with. */
export interface PromptBasis {
  readonly turn: Turn;
  /** Null where the prompt goes on from all of them. */
  readonly departure: Departure | null;
}

/** A prompt, and what it rests on. */
export interface TurnPrompt extends ConversationSoFar {
  /** Text where the engine is to tokenise it: that has no tokens of its own to keep. */
  readonly prompt: string | Int32Array;
  /** As the template renders it. */
  readonly text: string;
  readonly basis: PromptBasis | null;
}
