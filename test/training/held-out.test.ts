/**
 * The shipped model's training data is made again from its seed. It is what the model was trained on, by its hash,
 * and has none of the evaluation's items (tools, all that was said, and the reply), by theirs.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { generateConversation } from "../../src/eval/agent/generate.ts";
import { parseChatTemplate } from "../../src/text/template/chat-template.ts";
import { renderConversation } from "../../training/encode-conversation.ts";
import { evalItems, HELD_OUT_COUNT, heldOutConversations, itemHashes } from "../../src/eval/agent/held-out.ts";

interface Dataset {
  readonly seed: number;
  readonly train: { readonly conversations: number; readonly textSha256: string };
}

const ROOT = resolve(import.meta.dirname, "..", "..");
const TEMPLATE = parseChatTemplate(readFileSync(join(ROOT, "training", "chat-template.jinja"), "utf8"));

test("no item of the evaluation is in the training data", () => {
  const { seed, train } = JSON.parse(readFileSync(join(ROOT, "models", "dataset.json"), "utf8")) as Dataset;
  const held = heldOutConversations(HELD_OUT_COUNT);
  const heldHashes = new Set(held.flatMap(itemHashes));
  expect(heldHashes.size).toBe(evalItems(held).length);
  const texts = createHash("sha256");
  const shared: number[] = [];
  for (let index = 0; index < train.conversations; index += 1) {
    const conversation = generateConversation({ seed, index, split: "training", unseen: false });
    texts.update(renderConversation(conversation, TEMPLATE));
    if (itemHashes(conversation).some((hash) => heldHashes.has(hash))) shared.push(index);
  }
  expect(shared).toEqual([]);
  expect(texts.digest("hex")).toBe(train.textSha256);
});
