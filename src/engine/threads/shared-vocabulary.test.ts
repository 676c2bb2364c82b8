import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { jsonVocabulary } from "../../../test/support/random-generation.ts";
import { buildVocabularyBytes } from "../../text/tokenizer/vocabulary-bytes.ts";
import { shareVocabulary, takeVocabulary } from "./shared-vocabulary.ts";

const vocabulary = buildVocabularyBytes(jsonVocabulary());

test("a vocabulary crosses as it is, without a copy", () => {
  const { port1, port2 } = new MessageChannel();
  const shared = shareVocabulary({ vocabulary, bosId: 7 });
  port1.postMessage(shared);
  const taken = takeVocabulary(port2);
  expect(taken).toEqual({ bytes: vocabulary, bosId: 7 });
  shared.bytes.flags[0] = 99;
  expect(taken?.bytes.flags[0]).toBe(99);
});

test("nothing was sent", () => {
  expect(takeVocabulary(new MessageChannel().port2)).toBeNull();
});
