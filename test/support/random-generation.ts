/** Generations without a model: under a grammar, every token drawn from what the mask allows. */

import { Matcher } from "../../src/text/grammar/matcher.ts";
import type { LexerMasks } from "../../src/text/grammar/masks/lexer-masks.ts";
import type { Pushdown } from "../../src/text/grammar/pushdown.ts";
import { TOKEN_TYPE, type VocabularyBytes, type VocabularyData } from "../../src/text/tokenizer/types.ts";
import { tokenBytes } from "../../src/text/tokenizer/vocabulary-bytes.ts";
import { CHARACTER_OF_BYTE } from "../../src/text/tokenizer/byte-alphabet.ts";

/** All bytes, and pieces of JSON in cuts that cross lexemes, as a real vocabulary has them. */
export function jsonVocabulary(): VocabularyData {
  const pieces = [
    '{"',
    '"}',
    '":',
    '": ',
    '",',
    '", "',
    "},",
    "}]",
    "]}",
    '":"',
    '": "',
    "[[",
    "[]",
    "{}",
    '"]',
    "],",
  ].concat(
    [
      ": ",
      ", ",
      "\n",
      "\n  ",
      "\n    ",
      "true",
      "false",
      "null",
      "tr",
      "nul",
      "ab",
      "foo",
      "the ",
      " the",
      "10",
      "12",
      "00",
    ],
    [
      "0.",
      "-1",
      "e+",
      '\\"',
      "\\u",
      "\\u00",
      "id",
      "name",
      "kind",
      '"kind"',
      '{"kind":',
      "2024-",
      "-01",
      "日",
      "é",
      "@x.",
      "://",
    ],
  );
  const tokens = [...CHARACTER_OF_BYTE, ...pieces.map(storedForm)];
  return {
    kind: "bpe",
    pre: "default",
    tokens: [...tokens, "<|begin|>", "<|eot_id|>"],
    tokenTypes: Int32Array.from([...tokens.map(() => TOKEN_TYPE.normal), TOKEN_TYPE.control, TOKEN_TYPE.control]),
    merges: [],
    bosId: tokens.length,
    eosId: tokens.length + 1,
  };
}

export interface RandomGeneration {
  readonly text: string;
  readonly tokens: readonly number[];
  /** False where the limit came first. */
  readonly ended: boolean;
  /** The text, and where the limit came first what was made of it afterwards; null where that took too long. */
  readonly completed: string | null;
}

/** Tokens in which a text that met its limit is brought to an end. */
const COMPLETION_TOKENS = 500;

/**
 * Draws evenly, but prefers the end, and after half the tokens what closes strings, lists and objects:
 * even draws would hardly ever end. Throws where nothing is allowed or an allowed token is not accepted.
 */
export function generateAtRandom(
  pushdown: Pushdown,
  masks: LexerMasks,
  uniform: () => number,
  maxTokens: number,
): RandomGeneration {
  const { vocabulary } = masks;
  const matcher = new Matcher(pushdown);
  const words = new Uint32Array(masks.wordCount);
  const tokens: number[] = [];
  let cut: string | null = null;
  while (tokens.length < maxTokens + COMPLETION_TOKENS) {
    if (tokens.length === maxTokens) {
      cut = textOf(vocabulary, tokens);
      if (matcher.isComplete) return { text: cut, tokens, ended: true, completed: cut };
    }
    matcher.fillMask(words, cut === null ? Infinity : maxTokens + COMPLETION_TOKENS - tokens.length);
    const allowed = tokensIn(words);
    if (allowed.length === 0) throw new Error(`nothing may follow ${JSON.stringify(textOf(vocabulary, tokens))}`);
    const end = allowed.find((token) => vocabulary.endOfGenerationIds.includes(token));
    const closing = tokens.length * 2 > maxTokens ? allowed.filter((token) => isClosing(vocabulary, token)) : [];
    const from = closing.length > 0 ? closing : allowed;
    const token =
      end !== undefined && (cut !== null || uniform() < 0.5) ? end : (from[Math.floor(uniform() * from.length)] ?? 0);
    if (!matcher.accept(token)) throw new Error(`token ${token} was allowed and then refused`);
    if (vocabulary.endOfGenerationIds.includes(token)) {
      const completed = textOf(vocabulary, tokens);
      return { text: cut ?? completed, tokens: tokens.slice(0, maxTokens), ended: cut === null, completed };
    }
    tokens.push(token);
    if (matcher.isFinished) break;
  }
  const text = cut ?? textOf(vocabulary, tokens);
  const completed = matcher.isComplete ? textOf(vocabulary, tokens) : null;
  return { text, tokens: tokens.slice(0, maxTokens), ended: cut === null && completed !== null, completed };
}

const CLOSERS: ReadonlySet<number> = new Set(['"', "}", "]"].map((character) => character.charCodeAt(0)));

export function tokensIn(words: Uint32Array): readonly number[] {
  const tokens: number[] = [];
  for (const [index, bits] of words.entries()) {
    for (let rest = bits; rest !== 0; rest &= rest - 1) tokens.push(index * 32 + 31 - Math.clz32(rest & -rest));
  }
  return tokens;
}

export function textOf(vocabulary: VocabularyBytes, tokens: readonly number[]): string {
  return Buffer.concat(tokens.map((token) => tokenBytes(vocabulary, token))).toString();
}

function isClosing(vocabulary: VocabularyBytes, token: number): boolean {
  return CLOSERS.has(tokenBytes(vocabulary, token)[0] ?? 0);
}

function storedForm(text: string): string {
  return Array.from(Buffer.from(text), (byte) => CHARACTER_OF_BYTE[byte] ?? "").join("");
}
