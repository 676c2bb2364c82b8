/** A child process of the test of the training data: `check-block SEED` makes blocks of the row again. */

import { heldOutConversations, HELD_OUT_COUNT, itemHashes } from "../src/eval/agent/held-out.ts";
import { indicesOf, serveBlocks } from "./blocks.ts";
import { textOf, trainingConversation } from "./training-text.ts";

export interface CheckedBlock {
  readonly texts: readonly string[];
  /** Of those that share an item with the evaluation, each with its index. */
  readonly shared: readonly number[];
}

const [seed = "1"] = process.argv.slice(2);
const held = new Set(heldOutConversations(HELD_OUT_COUNT).flatMap(itemHashes));

serveBlocks((block): CheckedBlock => {
  const indices = [...indicesOf(block)];
  const conversations = indices.map((index) => trainingConversation(Number(seed), index));
  return {
    texts: conversations.map(textOf),
    shared: indices.filter((_, at) => itemHashes(conversations[at]!).some((hash) => held.has(hash))),
  };
});
