/** The thread that makes masks against the matcher: the same masks, for texts and for their drafts. */

import { expect, it } from "vitest";
import { grammarConstraints } from "../../src/engine/step/grammar-constraints.ts";
import { MaskClient } from "../../src/engine/threads/mask-client.ts";
import { compileGrammar } from "../../src/text/grammar/compile-grammar.ts";
import { LexerMasks } from "../../src/text/grammar/masks/lexer-masks.ts";
import { Matcher } from "../../src/text/grammar/matcher.ts";
import { Pushdown } from "../../src/text/grammar/pushdown.ts";
import { buildVocabularyBytes } from "../../src/text/tokenizer/vocabulary-bytes.ts";
import { jsonVocabulary, tokensIn } from "../support/random-generation.ts";
import { uniforms } from "../support/random-values.ts";

const SCHEMA = {
  type: "object",
  properties: { temperature_of_the_city: { type: "integer" }, name: { type: "string", maxLength: 6 } },
  required: ["temperature_of_the_city", "name"],
};
const TEXTS = 12;
/** Tokens of the first text; each may have one more than the one before. */
const LIMIT = 44;

it("makes the masks of texts and of drafts", { timeout: 60_000 }, async () => {
  const vocabulary = buildVocabularyBytes(jsonVocabulary());
  const client = new MaskClient(vocabulary, null);
  const constraints = grammarConstraints(vocabulary, client);
  const grammar = compileGrammar({ kind: "json_schema", schema: SCHEMA });
  const masks = new LexerMasks(vocabulary);
  const pushdown = new Pushdown(grammar, masks);
  const [made, expected] = [new Uint32Array(masks.wordCount), new Uint32Array(masks.wordCount)];
  const uniform = uniforms(3);
  let drafted = 0;
  let shortened = 0;
  for (let text = 0; text < TEXTS; text += 1) {
    const constraint = constraints({ grammar, key: "one", wake: null });
    const matcher = new Matcher(pushdown);
    // Texts overlap, as those of a batch do.
    const other = constraints({ grammar, key: `other ${text % 2}`, wake: null });
    other.prepare(0, Infinity);
    for (let tokens = 0; tokens < LIMIT + text && !matcher.isFinished; tokens += 1) {
      const left = LIMIT + text - tokens;
      const draft = constraint.prepare(Math.min(5, left - 1), left);
      drafted += draft.length;
      for (let ahead = draft.length; ahead >= 0; ahead -= 1) {
        for (const token of draft.subarray(0, ahead)) expect(matcher.accept(token)).toBe(true);
        matcher.fillMask(expected, left - ahead);
        matcher.rollback(ahead);
        constraint.fill(made, ahead);
        expect(tokensIn(made)).toEqual(tokensIn(expected));
      }
      const allowed = tokensIn(expected);
      const token = allowed[Math.floor(uniform() * allowed.length)] ?? 0;
      constraint.accept(token);
      expect(matcher.accept(token)).toBe(true);
    }
    expect(matcher.isComplete).toBe(true);
    shortened += Number(constraint.isShortened);
    constraint.close();
    other.close();
  }
  expect(drafted).toBeGreaterThan(TEXTS);
  expect(shortened).toBeGreaterThan(0);
  expect(client.isLost).toBe(false);
  await client.dispose();
  expect(client.isLost).toBe(true);
  // Without the thread the step loop makes the masks itself.
  const alone = constraints({ grammar, key: "one", wake: null });
  alone.fill(made, 0);
  new Matcher(pushdown).fillMask(expected);
  expect(tokensIn(made)).toEqual(tokensIn(expected));
});
