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
  const row = [...indicesOf(block)].map((index) => [index, trainingConversation(Number(seed), index)] as const);
  return {
    texts: row.map(([, conversation]) => textOf(conversation)),
    shared: row.flatMap(([index, conversation]) =>
      itemHashes(conversation).some((hash) => held.has(hash)) ? [index] : [],
    ),
  };
});
