/**
 * How each pre-tokeniser cuts text into words, by its name in `tokenizer.ggml.pre`. A rule is data; to
 * add one whose parts exist already is one row. The regular expression that a rule stands for is beside
 * it, as the model's tokenizer.json has it.
 */

import { fail } from "../../base/errors.ts";

/** Words of a text by character classes; `scan-words.ts` gives the meaning. */
export interface ScanRule {
  readonly kind: "scan";
  /** 's 't 're 've 'm 'll 'd are words of their own: in lower case, or in any. */
  readonly contractions: "lower" | "any-case";
  /** What may stand before letters and join them: a space, or any character but newlines, letters and numbers. */
  readonly beforeLetters: "space" | "any";
  /** A number's digits are cut into words of so many; a space joins only where they are not cut. */
  readonly digits: 1 | 3 | "all";
  /** Newlines join the punctuation before them, and end a run of white space. */
  readonly newlines: boolean;
  /** Numbers are cut off first, so that white space before them stands at the end of its text. */
  readonly digitsFirst: boolean;
}

/** Regular expressions applied one after another, each to what the ones before left: matches and gaps are words. */
export interface RegexRule {
  readonly kind: "regex";
  readonly stages: readonly RegExp[];
}

export interface PreTokenizer {
  readonly rule: ScanRule | RegexRule;
  /** A word that is a token stays whole, whatever the merges say. */
  readonly wholeWords: boolean;
  /** BOS goes before the text unless the file says otherwise. */
  readonly addBos: boolean;
}

/** 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
const GPT_2: ScanRule = {
  kind: "scan",
  contractions: "lower",
  beforeLetters: "space",
  digits: "all",
  newlines: false,
  digitsFirst: false,
};

/** (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
const LLAMA_3: ScanRule = {
  kind: "scan",
  contractions: "any-case",
  beforeLetters: "any",
  digits: 3,
  newlines: true,
  digitsFirst: false,
};

/** As LLAMA_3, with \p{N} alone. */
const QWEN_2: ScanRule = { ...LLAMA_3, digits: 1 };

/** Each \p{N} cut off first, then as GPT_2. */
const SINGLE_DIGITS: ScanRule = { ...GPT_2, digits: 1, digitsFirst: true };

/** What llama.cpp takes where a file names none: punctuation first, then GPT-2, then digits by three. */
const DEFAULT: RegexRule = {
  kind: "regex",
  stages: [
    /[\p{P}$+<=>^~|]+/gu,
    /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})/gu,
    /\p{N}+/gu,
    /[0-9][0-9][0-9]/gu,
  ],
};

const plain = (rule: ScanRule | RegexRule): PreTokenizer => ({ rule, wholeWords: false, addBos: false });
const LLAMA_BPE: PreTokenizer = { rule: LLAMA_3, wholeWords: true, addBos: true };

const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizer>> = {
  default: plain(DEFAULT),

  "gpt-2": plain(GPT_2),
  "phi-2": plain(GPT_2),
  mpt: plain(GPT_2),
  olmo: plain(GPT_2),

  "llama-bpe": LLAMA_BPE,
  llama3: LLAMA_BPE,
  "llama-v3": LLAMA_BPE,
  falcon3: LLAMA_BPE,
  dbrx: plain(LLAMA_3),
  "smaug-bpe": plain(LLAMA_3),

  qwen2: plain(QWEN_2),
  "deepseek-r1-qwen": plain(QWEN_2),
  stablelm2: plain(QWEN_2),

  smollm: plain(SINGLE_DIGITS),
  starcoder: plain(SINGLE_DIGITS),
  refact: plain(SINGLE_DIGITS),
  "command-r": plain(SINGLE_DIGITS),
};

/** Throws `tokenizer_unsupported`, naming the known ones. An empty name is `default`. */
export function preTokenizerOf(name: string): PreTokenizer {
  const known = Object.hasOwn(PRE_TOKENIZERS, name === "" ? "default" : name);
  const found = known ? PRE_TOKENIZERS[name === "" ? "default" : name] : undefined;
  return (
    found ??
    fail("tokenizer_unsupported", {
      what: `pre-tokeniser ${JSON.stringify(name)}`,
      hint: `Supported: ${Object.keys(PRE_TOKENIZERS).join(", ")}.`,
    })
  );
}
