/** Masks and acceptance against a backtracking recogniser, over random grammars and all short tokens. */

import { describe, expect, it } from "vitest";
import { recognizeNaively } from "../../../../test/support/naive-gbnf.ts";
import { textOf, tokensIn } from "../../../../test/support/random-generation.ts";
import { uniforms } from "../../../../test/support/random-values.ts";
import { TurnwiseError } from "../../../base/errors.ts";
import { TOKEN_TYPE, type VocabularyData } from "../../tokenizer/types.ts";
import { buildVocabularyBytes } from "../../tokenizer/vocabulary-bytes.ts";
import { LexerMasks } from "../masks/lexer-masks.ts";
import { Matcher } from "../matcher.ts";
import { Pushdown } from "../pushdown.ts";
import { compileGbnf } from "./compile-gbnf.ts";
import { parseGbnf } from "./parse-gbnf.ts";

const LETTERS = "abc";
const ROUNDS = 60;

function shortTokens(): VocabularyData {
  let level = [""];
  const tokens: string[] = [];
  for (let length = 1; length <= 5; length += 1) {
    level = level.flatMap((start) => Array.from(LETTERS, (letter) => start + letter));
    tokens.push(...(length < 3 ? level : level.filter((_, index) => index % (length * length) === 0)));
  }
  const types = [...tokens.map(() => TOKEN_TYPE.normal), TOKEN_TYPE.control];
  return {
    kind: "bpe",
    pre: "default",
    tokens: [...tokens, "<|eot_id|>"],
    tokenTypes: Int32Array.from(types),
    merges: [],
    eosId: tokens.length,
  };
}

const nameOf = (rule: number): string => (rule === 0 ? "root" : `rule-${rule}`);

/** Rules refer to later ones, or to themselves behind a letter and beside a way out. */
function randomGbnf(uniform: () => number): string {
  const int = (below: number): number => Math.floor(uniform() * below);
  const letter = (): string => LETTERS[int(3)] ?? "a";
  const ruleCount = 1 + int(4);
  const expression = (rule: number, depth: number): string => {
    const kind = depth === 0 ? int(3) : int(9);
    if (kind === 0) return `"${letter()}${uniform() < 0.4 ? letter() : ""}"`;
    if (kind === 1) return `[${uniform() < 0.2 ? "^" : ""}${letter()}${letter()}]`;
    if (kind === 2) return rule + 1 < ruleCount ? nameOf(rule + 1 + int(ruleCount - rule - 1)) : `"${letter()}"`;
    if (kind === 3) return `("${letter()}" ${nameOf(rule)} | "${letter()}")`;
    if (kind === 4) return `("${letter()}" ${nameOf(rule)} "${letter()}" | "")`;
    if (kind === 5) return `(${expression(rule, depth - 1)} | ${expression(rule, depth - 1)})`;
    if (kind === 6)
      return `(${expression(rule, depth - 1)})${["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"][int(7)] ?? ""}`;
    return `(${expression(rule, depth - 1)} ${expression(rule, depth - 1)})`;
  };
  return Array.from({ length: ruleCount }, (_, rule) => `${nameOf(rule)} ::= ${expression(rule, 3)}\n`).join("");
}

/** False where the grammar is too ambiguous for one of the two. */
function compareAlong(source: string, masks: LexerMasks, uniform: () => number, where: string): boolean {
  const { vocabulary } = masks;
  const texts = vocabulary.flags.length - 1;
  const rules = parseGbnf(source);
  const matcher = new Matcher(new Pushdown(compileGbnf(source), masks));
  const words = new Uint32Array(masks.wordCount);
  const seen: (readonly number[])[] = [];
  const said: number[] = [];
  for (let step = 0; step < 3; step += 1) {
    const before = textOf(vocabulary, said);
    const whole = recognizeNaively(rules, before);
    const verdicts = Array.from({ length: texts }, (_, token) =>
      recognizeNaively(rules, before + textOf(vocabulary, [token])),
    );
    if (whole === null || verdicts.includes(null)) return false;
    const expected = [...verdicts.keys()].filter((token) => verdicts[token]?.viable);
    const place = `${where}, grammar ${source} after ${JSON.stringify(before)}`;
    matcher.fillMask(words);
    seen.push(whole.complete ? [...expected, texts] : expected);
    expect(tokensIn(words), place).toEqual(seen.at(-1));
    expect(matcher.isComplete, place).toBe(whole.complete);
    const next = expected[Math.floor(uniform() * expected.length)];
    if (next === undefined) break;
    expect(matcher.accept(next), place).toBe(true);
    said.push(next);
  }
  matcher.rollback(said.length);
  matcher.fillMask(words);
  expect(tokensIn(words), `${where}, grammar ${source} taken back`).toEqual(seen[0]);
  return true;
}

describe("masks of random grammars", () => {
  it("allow exactly the tokens that a backtracking recogniser finds viable", () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const uniform = uniforms(seed);
    const masks = new LexerMasks(buildVocabularyBytes(shortTokens()));
    let compared = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      try {
        if (compareAlong(randomGbnf(uniform), masks, uniform, `seed ${seed}`)) compared += 1;
      } catch (error) {
        if (!(error instanceof TurnwiseError) || error.code !== "grammar_limit") throw error;
      }
    }
    expect(compared, `seed ${seed}`).toBeGreaterThan(ROUNDS / 2);
  });
});
