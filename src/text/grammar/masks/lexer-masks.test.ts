/** Masks against their definition: a token is allowed where its bytes may come one by one. */

import { describe, expect, it } from "vitest";
import { tokensIn } from "../../../../test/support/random-generation.ts";
import { uniforms } from "../../../../test/support/random-values.ts";
import { CHARACTER_OF_BYTE } from "../../tokenizer/byte-alphabet.ts";
import type { VocabularyBytes } from "../../tokenizer/types.ts";
import { buildVocabularyBytes, tokenBytes } from "../../tokenizer/vocabulary-bytes.ts";
import { compileGrammar, type GrammarSource } from "../compile-grammar.ts";
import { Matcher } from "../matcher.ts";
import { Pushdown } from "../pushdown.ts";
import { LexerMasks } from "./lexer-masks.ts";

/** Bytes, and pieces of text, of structure and of both, some of them long, some of them cut inside a character. */
const PIECES = ["a", "ab", "the", " the", "name", "é", "日本", "😀", "x".repeat(20), "y".repeat(80), "日".repeat(25)]
  .concat(['"', '",', '", "', '":', '"}', '"}]', 'a"', 'the",', 'é"', "\\n", "\\u00", "\\", '\\"', "\n ", "\u007f"])
  .concat(["1", "12", "1.", "0", "-", "e", "}", "]", "},", "tr", "true", "null", "[[", "{}", '{"', 'name":'])
  .map((text) => Buffer.from(text));
const CUT = [Buffer.from("é").subarray(0, 1), Buffer.from("a日").subarray(0, 3), Buffer.from("😀b").subarray(2)];
const stored = (bytes: Uint8Array): string => Array.from(bytes, (byte) => CHARACTER_OF_BYTE[byte] ?? "").join("");
const tokens = [...new Set([...CHARACTER_OF_BYTE, ...[...PIECES, ...CUT].map(stored)])];
const vocabulary = vocabularyOf(tokens);

function vocabularyOf(texts: readonly string[]): VocabularyBytes {
  return buildVocabularyBytes({
    kind: "bpe",
    pre: "default",
    tokens: [...texts, "<|end|>"],
    merges: [],
    tokenTypes: Int32Array.from([...texts.map(() => 1), 3]),
    eosId: texts.length,
  });
}

const SOURCES: readonly GrammarSource[] = [
  {},
  { type: "string" },
  { type: "string", maxLength: 5 },
  { type: "string", minLength: 3, maxLength: 30 },
  { type: "string", minLength: 70, maxLength: 90 },
  { type: "string", pattern: "^[a-z ]{2,9}$" },
  { type: "string", pattern: "é+", maxLength: 6 },
  { type: "string", pattern: "^[\\p{L}\\p{M}' -]{1,60}$" },
  { type: "string", pattern: "^[\\p{L} ]{0,4}$" },
  { type: "string", pattern: '^[a日\\n"\\\\]{2,5}$' },
  { type: "string", pattern: "^x{3,70}y{0,30}$" },
  { type: "object", properties: { name: { type: "string" } }, additionalProperties: { type: "integer" } },
  { type: "array", items: { enum: ["a", "ab", "the name", 1, null] }, maxItems: 3 },
  { type: "number", minimum: -3, maximum: 12.5 },
  { type: "string", format: "date" },
]
  .map((schema): GrammarSource => ({ kind: "json_schema", schema }))
  .concat([
    { kind: "regex", pattern: ".*" },
    { kind: "regex", pattern: "(the|name)*[^a]{3,40}" },
    { kind: "gbnf", grammar: 'root ::= ("a" | "the " | [^"]) root | "."' },
  ]);

describe("LexerMasks", () => {
  it.each(SOURCES)("allows what may come byte by byte: %j", (source) => {
    expect(wrongMasks(new LexerMasks(vocabulary), source, 4)).toEqual([]);
  });

  it("allows what may come behind a token below which many others lie", () => {
    const words = Array.from({ length: 300 }, (_, index) => ` ${index}`);
    const masks = new LexerMasks(
      vocabularyOf([...tokens, ...[...words, ' "', ' {"'].map((word) => stored(Buffer.from(word)))]),
    );
    const properties = { name: { type: ["integer", "string"] } };
    expect(
      wrongMasks(masks, { kind: "json_schema", schema: { type: "object", properties, required: ["name"] } }, 3),
    ).toEqual([]);
  });

  it("finds again what it made", () => {
    const masks = new LexerMasks(vocabulary);
    const pushdown = new Pushdown(compileGrammar({ kind: "json_schema", schema: { type: "string" } }), masks);
    const words = new Uint32Array(masks.wordCount);
    const matcher = new Matcher(pushdown);
    matcher.accept(0x22);
    matcher.fillMask(words);
    const { made } = masks.statistics;
    matcher.accept(0x61);
    matcher.fillMask(words);
    expect(masks.statistics).toMatchObject({ made, found: 1 });
  });
});

/** Masks on the way of random texts, and what they should be, where these differ. */
function wrongMasks(masks: LexerMasks, source: GrammarSource, runs: number): readonly object[] {
  const wrong: object[] = [];
  const pushdown = new Pushdown(compileGrammar(source), masks);
  const words = new Uint32Array(masks.wordCount);
  const uniform = uniforms(7);
  for (let run = 0; run < runs; run += 1) {
    const matcher = new Matcher(pushdown);
    for (let step = 0; step < 12 && !matcher.isFinished; step += 1) {
      matcher.fillMask(words);
      const expected = Array.from(masks.vocabulary.flags, (_, id) => id).filter((id) =>
        mayCome(masks.vocabulary, matcher, id),
      );
      const allowed = tokensIn(words);
      if (allowed.join() !== expected.join()) wrong.push({ step, allowed, expected });
      matcher.accept(expected[Math.floor(uniform() * expected.length)] ?? 0);
    }
  }
  return wrong;
}

function mayCome(from: VocabularyBytes, matcher: Matcher, id: number): boolean {
  if (id === from.flags.length - 1) return matcher.isComplete;
  let taken = 0;
  for (const byte of tokenBytes(from, id)) {
    if (!matcher.acceptBytes(Uint8Array.of(byte))) break;
    taken += 1;
  }
  matcher.rollback(taken);
  return taken === tokenBytes(from, id).length;
}
