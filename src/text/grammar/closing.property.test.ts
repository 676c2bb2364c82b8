/** A text whose limit leaves room for a shortest one is whole within it, whatever is chosen. */

import { describe, expect, it } from "vitest";
import { jsonVocabulary, textOf, tokensIn } from "../../../test/support/random-generation.ts";
import { RandomSchemas } from "../../../test/support/random-schema.ts";
import { uniforms } from "../../../test/support/random-values.ts";
import { createValidator } from "../../../test/support/schema-property.ts";
import { TurnwiseError } from "../../base/errors.ts";
import { buildVocabularyBytes } from "../tokenizer/vocabulary-bytes.ts";
import { compileGrammar, type GrammarSource } from "./compile-grammar.ts";
import { Matcher } from "./matcher.ts";
import { LexerMasks } from "./masks/lexer-masks.ts";
import { Pushdown } from "./pushdown.ts";

const SCHEMAS = Number(process.env["SCHEMAS"] ?? 80);
const vocabulary = buildVocabularyBytes(jsonVocabulary());

/** Evenly drawn tokens under masks for `limit` of them; null where the limit cuts the text. */
function generate(pushdown: Pushdown, limit: number, uniform: () => number): string | null {
  const words = new Uint32Array(pushdown.masks.wordCount);
  const matcher = new Matcher(pushdown);
  const tokens: number[] = [];
  while (tokens.length < limit && !matcher.isFinished) {
    matcher.fillMask(words, limit - tokens.length);
    const allowed = tokensIn(words);
    const token = allowed[Math.floor(uniform() * allowed.length)] ?? -1;
    if (!matcher.accept(token)) throw new Error(`token ${token} was allowed and then refused`);
    tokens.push(token);
  }
  const said = tokens.filter((token) => !vocabulary.endOfGenerationIds.includes(token));
  return matcher.isComplete || matcher.isFinished ? textOf(vocabulary, said) : null;
}

function pushdownOf(source: GrammarSource, masks: LexerMasks): Pushdown | null {
  try {
    return new Pushdown(compileGrammar(source), masks);
  } catch (error) {
    if (error instanceof TurnwiseError && error.class === "RequestError") return null;
    throw error;
  }
}

describe("a limit of tokens", () => {
  it("leaves JSON whole and valid under random schemas", { timeout: 1_800_000 }, () => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    const random = new RandomSchemas(seed);
    const uniform = uniforms(seed + 1);
    const masks = new LexerMasks(vocabulary);
    const ajv = createValidator();
    const failures: string[] = [];
    let whole = 0;
    for (let index = 0; index < SCHEMAS; index += 1) {
      const schema = random.next(index % 3 === 0 ? 3 : 2, index % 3 === 0);
      const pushdown = pushdownOf({ kind: "json_schema", schema }, masks);
      if (pushdown === null) continue;
      const least = pushdown.closing.tokens(pushdown.start());
      for (const more of [0, 1, 3, Math.floor(uniform() * 60)]) {
        const text = generate(pushdown, least + more, uniform);
        if (text !== null && ajv.validate(schema, JSON.parse(text))) whole += 1;
        else failures.push(`${JSON.stringify(schema)} within ${least} + ${more} tokens: ${text ?? "cut off"}`);
      }
    }
    expect(failures, `seed ${seed}`).toEqual([]);
    expect(whole).toBeGreaterThan(2 * SCHEMAS);
  });

  it.each<[GrammarSource, string]>([
    [{ kind: "regex", pattern: "a{3}(b|c{9})" }, "aaab"],
    [{ kind: "regex", pattern: "(foo){700}" }, "foo".repeat(700)],
    [{ kind: "choice", texts: ["ccc", "bb", "ba"] }, "ba"],
    [{ kind: "gbnf", grammar: 'root ::= "[" root "]" | "(" [0-9]+ ")"' }, "(0)"],
    [{ kind: "json_schema", schema: { type: "integer", multipleOf: 375, exclusiveMinimum: 400 } }, "750"],
    [{ kind: "json_schema", schema: { type: "string", pattern: "^(ab)+$", minLength: 5 } }, '"ababab"'],
    [{ kind: "json_schema", schema: { type: "array", items: { enum: [true, 12] }, minItems: 2 } }, "[12,12]"],
  ])("allows the shortest text of %j alone where nothing longer fits", (source, expected) => {
    const pushdown = pushdownOf(source, new LexerMasks(vocabulary));
    expect(pushdown).not.toBeNull();
    if (pushdown === null) return;
    const least = pushdown.closing.tokens(pushdown.start());
    expect(generate(pushdown, least, uniforms(1))).toBe(expected);
  });

  it("that is too small for any text narrows nothing", () => {
    const pushdown = pushdownOf({ kind: "json_schema", schema: { const: "0123456789" } }, new LexerMasks(vocabulary));
    expect(pushdown).not.toBeNull();
    if (pushdown === null) return;
    const words = new Uint32Array(pushdown.masks.wordCount);
    expect(new Matcher(pushdown).fillMask(words, 3)).toBe(false);
    expect(tokensIn(words)).not.toEqual([]);
  });
});
