/**
 * Patterns of the pre-tokenisers of published models, in Oniguruma's syntax as their tokenizer.json has
 * them, and the ScanRules that do the same faster.
 */

import { invariant } from "../../base/invariant.ts";
import type { ScanRule, SplitRule, SplitStage } from "./split-rules.ts";

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const WORDS = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
const MARKS = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*";
const SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** Words in camel case: some capitals and then others, or capitals alone. */
const CASED = (upper: string, lower: string, end: string): string =>
  `[^\\r\\n\\p{L}\\p{N}]?${upper}*${lower}+${end}|[^\\r\\n\\p{L}\\p{N}]?${upper}+${lower}*${end}`;
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
const CASED_WORDS = CASED(UPPER, LOWER, `${CONTRACTIONS}?`);
const MARKS_AND_SLASHES = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*";

/** A letter's word may begin with one ASCII mark; numbers are gone before. */
const MARKED_WORDS =
  "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+";

/** Letters of the scripts that have cases; escaped where a normalising editor would change them. */
const CASED_LETTERS =
  "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃";

export const PATTERNS = {
  gpt2: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  llama3: `${CONTRACTIONS}|${WORDS}|\\p{N}{1,3}|${MARKS}|${SPACES}`,
  qwen2: `${CONTRACTIONS}|${WORDS}|\\p{N}|${MARKS}|${SPACES}`,
  qwen35: `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${SPACES}`,
  /** Qwen's without contractions, so that Turkish suffixes stay attached. */
  withoutContractions: `${WORDS}|\\p{N}|${MARKS}|${SPACES}`,
  llama3AllDigits: `${CONTRACTIONS}|${WORDS}|\\p{N}+|${MARKS}|${SPACES}`,
  /** White space in pieces of powers of two. */
  jais2: `${CONTRACTIONS}|${WORDS}|\\p{N}{1,3}|${MARKS}|\\s*[\\r\\n]+|${[512, 256, 128, 64, 32, 16, 8, 4]
    .map((count) => `\\s{${count}}(?!\\S)`)
    .join("|")}|\\s{1,2}(?!\\S)|\\s{1}`,
  gpt4o: `${CASED_WORDS}|\\p{N}{1,3}|${MARKS_AND_SLASHES}|${SPACES}`,
  tekken: `${CASED(UPPER, LOWER, "")}|\\p{N}|${MARKS_AND_SLASHES}|${SPACES}`,
  youtu: `${CASED_WORDS}|\\p{N}|${MARKS_AND_SLASHES}|${SPACES}`,
  kimi: `[\\p{Han}]+|${CASED(
    "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]",
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]",
    `${CONTRACTIONS}?`,
  )}|\\p{N}{1,3}|${MARKS}|${SPACES}`,
  bailing: `'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+`,
  seedCoder: `${CONTRACTIONS}|${WORDS}|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|${SPACES}`,
  exaoneMoe: `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+`,
  deepseek3: `${MARKED_WORDS}| ?[\\p{P}\\p{S}]+[\\r\\n]*|${SPACES}`,
  spark: `${MARKED_WORDS}| ?[\\p{P}\\p{S}]+|[\\r\\n]|\\s+(?!\\S)|\\s+`,
  /** Chinese and Japanese characters. */
  cjk: "[一-龥\u3040-ゟ゠-ヿ]+",
  bloom: " ?[^(\\s|.,!?…。，、।۔،)]+",
  casedLetters: `\\s?[${CASED_LETTERS}]+`,
  deepseekMarks: "\\s?[!-/:-~！-／：-～‘-‟　-。]+",
  deepseekCjk: "[一-龥ࠀ-一가-퟿]+",
  asian: "[一-鿿㐀-䶿\uf900-\ufaff\u3040-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+",
  youtuScripts: "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥\u3040-ゟ゠-ヿ]+",
  lines: "[^\\n]+|[\\n]+",
} as const;

const isolated = (pattern: string): SplitStage => ({ kind: "pattern", pattern, behavior: "isolated" });

/** Stages of patterns that cut, each isolating its matches. */
export const stages = (...parts: readonly (string | SplitStage)[]): SplitRule => ({
  kind: "stages",
  stages: parts.map((part) => (typeof part === "string" ? isolated(part) : part)),
});

/** PATTERNS.gpt2 */
export const GPT_2: ScanRule = {
  kind: "scan",
  contractions: "lower",
  beforeLetters: "space",
  digits: "all",
  newlines: false,
  digitsFirst: false,
};

/** PATTERNS.llama3 */
export const LLAMA_3: ScanRule = {
  kind: "scan",
  contractions: "any-case",
  beforeLetters: "any",
  digits: 3,
  newlines: true,
  digitsFirst: false,
};

/** PATTERNS.qwen2 */
export const QWEN_2: ScanRule = { ...LLAMA_3, digits: 1 };

/** Each \p{N} cut off first, then as GPT_2. */
export const SINGLE_DIGITS: ScanRule = { ...GPT_2, digits: 1, digitsFirst: true };

/** Patterns of stages that isolate their matches, and the rule that does the same. */
const SCANNED: readonly (readonly [patterns: readonly string[], rule: ScanRule])[] = [
  [[PATTERNS.gpt2], GPT_2],
  [["\\p{N}", PATTERNS.gpt2], SINGLE_DIGITS],
  [[PATTERNS.llama3], LLAMA_3],
  [[PATTERNS.qwen2], QWEN_2],
];

/** The rule for stages that were read from a file: a ScanRule where one does the same. */
export function ruleOf(found: readonly SplitStage[]): SplitRule {
  const patterns = found.map((stage) =>
    stage.kind === "pattern" && stage.behavior === "isolated" ? stage.pattern : null,
  );
  const scanned = SCANNED.find(
    ([sources]) => sources.length === patterns.length && sources.every((source, index) => source === patterns[index]),
  );
  return scanned?.[1] ?? { kind: "stages", stages: found };
}

/** A rule as stages: those that `ruleOf` makes it of. */
export function stagesOf(rule: SplitRule): readonly SplitStage[] {
  if (rule.kind === "stages") return rule.stages;
  const wanted = JSON.stringify(rule);
  const scanned = SCANNED.find(([, known]) => JSON.stringify(known) === wanted);
  invariant(scanned !== undefined, "each rule that is scanned has patterns");
  return scanned[0].map(isolated);
}
