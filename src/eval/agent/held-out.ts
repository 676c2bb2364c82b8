/** The held-out set: always the same conversations, of other seeds, names, values and schemas than training has. */

import { createHash } from "node:crypto";
import type { Conversation, Decision } from "./conversation.ts";
import { generateConversation } from "./generate.ts";

export const HELD_OUT_COUNT = 1000;

/** Any seed would do: what separates the sets is the split, not the seed. */
const SEED = 2029;
/** Each fifth conversation has tools of words that training never shows. */
const UNSEEN_EVERY = 5;

export function heldOutConversations(count: number): readonly Conversation[] {
  return Array.from({ length: count }, (_, index) =>
    generateConversation({
      seed: SEED,
      index,
      split: "held-out",
      unseen: index % UNSEEN_EVERY === UNSEEN_EVERY - 1,
    }),
  );
}

/** A place where the assistant speaks, with the true history before it. */
export interface EvalItem {
  readonly conversation: Conversation;
  /** Of the step that the model is to write. */
  readonly step: number;
  readonly decision: Decision;
}

export function evalItems(conversations: readonly Conversation[]): readonly EvalItem[] {
  return conversations.flatMap((conversation) =>
    conversation.steps.flatMap(({ decision }, step) =>
      decision === undefined ? [] : [{ conversation, step, decision }],
    ),
  );
}

/**
 * A hash of each place where the assistant speaks: of the tools, all that was said before, and the reply. Training
 * has none of those of the held-out set.
 */
export function itemHashes({ tools, steps }: Conversation): readonly string[] {
  // One hash runs along the conversation, so that a long one costs no more than its length.
  const hash = createHash("sha256").update(JSON.stringify(tools));
  return steps.flatMap(({ message, decision }) => {
    hash.update(JSON.stringify(message));
    return decision === undefined ? [] : [hash.copy().digest("base64")];
  });
}
