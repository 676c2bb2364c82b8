/** Sources of grammars as nobody should write them: cut, doubled and mixed pieces of good ones. */

import { TurnwiseError } from "../../src/base/errors.ts";
import { compileGrammar, type GrammarSource } from "../../src/text/grammar/compile-grammar.ts";
import { LexerMasks } from "../../src/text/grammar/masks/lexer-masks.ts";
import { Matcher } from "../../src/text/grammar/matcher.ts";
import { Pushdown } from "../../src/text/grammar/pushdown.ts";
import { buildVocabularyBytes } from "../../src/text/tokenizer/vocabulary-bytes.ts";
import { jsonVocabulary } from "./random-generation.ts";
import { uniforms } from "./random-values.ts";

const REGEX_PIECES = [
  "a",
  "b",
  ".",
  "^",
  "$",
  "|",
  "(",
  ")",
  "(?:",
  "(?=",
  "(?<!",
  "[",
  "]",
  "[^",
  "a-z",
  "z-a",
  "\\d",
  "\\p{L}",
].concat([
  "\\p{",
  "\\u{1F600}",
  "\\uD800",
  "\\x4",
  "\\b",
  "\\1",
  "*",
  "+",
  "?",
  "{2}",
  "{3,1}",
  "{0,99999}",
  "{,}",
  "é",
  "\u0000",
]);
const GBNF_PIECES = [
  "root",
  "::=",
  "rule",
  '"a"',
  '"\\x',
  '"',
  "[a-z]",
  "[^",
  "]",
  "(",
  ")",
  "|",
  "*",
  "+",
  "?",
  "{2,}",
  "{9999999}",
].concat(["\n", " ", "#", "é", "\\", "root ::= ", "\nrule ::= ", ".", "\u0000"]);
const KEYWORDS = [
  "type",
  "enum",
  "const",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "prefixItems",
  "minLength",
]
  .concat([
    "maxLength",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "multipleOf",
    "pattern",
    "format",
    "anyOf",
    "oneOf",
    "allOf",
  ])
  .concat([
    "$ref",
    "$defs",
    "nullable",
    "not",
    "if",
    "__proto__",
    "constructor",
    "patternProperties",
    "propertyNames",
    "minProperties",
  ]);
const SCALARS: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  3,
  "",
  "string",
  "object",
  "#",
  "#/$defs/a",
  "#/",
  "^a+$",
  "(",
  "date",
  "\uD800",
];

export interface FuzzReport {
  readonly compiled: number;
  readonly refused: number;
  /** The slowest source, in milliseconds of the processor. */
  readonly slowestMs: number;
  readonly slowest: string;
  /** Sources that met anything but a typed refusal. */
  readonly failures: readonly string[];
}

/** Compiles `count` sources, and makes the first masks of those that compile. */
export function fuzzGrammars(seed: number, count: number): FuzzReport {
  const random = uniforms(seed);
  const masks = new LexerMasks(buildVocabularyBytes(jsonVocabulary()));
  const words = new Uint32Array(masks.wordCount);
  let compiled = 0;
  let refused = 0;
  let slowestMs = 0;
  let slowest = "";
  const failures: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const source = randomSource(random);
    const before = process.cpuUsage();
    try {
      const matcher = new Matcher(new Pushdown(compileGrammar(source), masks));
      matcher.fillMask(words);
      for (const byte of '{"a": 1') if (matcher.accept(byte.charCodeAt(0))) matcher.fillMask(words);
      compiled += 1;
    } catch (error) {
      if (error instanceof TurnwiseError && error.class === "RequestError") refused += 1;
      else failures.push(`${JSON.stringify(source)}: ${String(error)}`);
    }
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 <= slowestMs) continue;
    slowestMs = (user + system) / 1000;
    slowest = JSON.stringify(source);
  }
  return { compiled, refused, slowestMs, slowest, failures };
}

function randomSource(random: () => number): GrammarSource {
  const kind = Math.floor(random() * 3);
  if (kind === 0) return { kind: "regex", pattern: join(REGEX_PIECES, random) };
  if (kind === 1) return { kind: "gbnf", grammar: `root ::= ${join(GBNF_PIECES, random)}` };
  return { kind: "json_schema", schema: randomValue(random, 4) };
}

function join(pieces: readonly string[], random: () => number): string {
  return Array.from({ length: 1 + Math.floor(random() * 14) }, () => pick(pieces, random)).join("");
}

function pick<T>(list: readonly T[], random: () => number): T {
  const found = list[Math.floor(random() * list.length)];
  if (found === undefined) throw new RangeError("a list to pick from is not empty");
  return found;
}

function randomValue(random: () => number, depth: number): unknown {
  const kind = depth === 0 ? 0 : Math.floor(random() * 5);
  if (kind < 1) return pick(SCALARS, random);
  const length = Math.floor(random() * 4);
  if (kind < 2) return Array.from({ length }, () => randomValue(random, depth - 1));
  const entries = Array.from({ length }, () => [pick(KEYWORDS, random), randomValue(random, depth - 1)] as const);
  return Object.fromEntries(entries);
}
