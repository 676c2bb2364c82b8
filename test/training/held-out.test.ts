/**
 * The shipped model's training data is made again from its seed. It is what the model was trained on, by its hash,
 * and has none of the evaluation's items (tools, all that was said, and the reply), by theirs.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { evalItems, HELD_OUT_COUNT, heldOutConversations, itemHashes } from "../../src/eval/agent/held-out.ts";
import { BLOCK, madeInBlocks } from "../../training/blocks.ts";
import type { CheckedBlock } from "../../training/check-block.ts";

interface Dataset {
  readonly seed: number;
  readonly train: { readonly conversations: number; readonly textSha256: string };
}

const ROOT = resolve(import.meta.dirname, "..", "..");

test("no item of the evaluation is in the training data", { timeout: 1_800_000 }, async () => {
  const { seed, train } = JSON.parse(readFileSync(join(ROOT, "models", "dataset.json"), "utf8")) as Dataset;
  const held = heldOutConversations(HELD_OUT_COUNT);
  expect(new Set(held.flatMap(itemHashes)).size).toBe(evalItems(held).length);
  const texts = createHash("sha256");
  const shared: number[] = [];
  let done = 0;
  for await (const block of madeInBlocks<CheckedBlock>("check-block", [`${seed}`], availableParallelism())) {
    // The last block goes beyond the data.
    for (const text of block.texts.slice(0, train.conversations - done)) texts.update(text);
    shared.push(...block.shared);
    done += BLOCK;
    if (done >= train.conversations) break;
  }
  expect(shared).toEqual([]);
  expect(texts.digest("hex")).toBe(train.textSha256);
});
