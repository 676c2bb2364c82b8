/**
 * The pre-tokeniser of each name that `tokenizer.ggml.pre` may have. A row is data; to add one whose
 * parts exist already is one row.
 * Source: llama.cpp, src/llama-vocab.cpp, for the names; the models' tokenizer.json for the patterns.
 */

import { fail } from "../../base/errors.ts";
import { GPT_2, LLAMA_3, PATTERNS, QWEN_2, SINGLE_DIGITS, stages } from "./pre-patterns.ts";
import type { SplitRule } from "./split-rules.ts";

export interface PreTokenizer {
  readonly rule: SplitRule;
  /** A word that is a token stays whole, whatever the merges say. */
  readonly wholeWords: boolean;
  /** BOS goes before the text unless the file says otherwise. */
  readonly addBos: boolean;
  /** Tokens are stored as SentencePiece stores them, with bytes of their own, not in the byte alphabet. */
  readonly marked: boolean;
}

type Row = readonly [rule: SplitRule, names: string, traits?: Partial<PreTokenizer>];

const WHOLE = { wholeWords: true };
const WHOLE_AND_BOS = { wholeWords: true, addBos: true };

const MARKS_FIRST = "[\\p{P}$+<=>^~|]+";
const THREE_DIGITS = "[0-9][0-9][0-9]";

const ROWS: readonly Row[] = [
  /** What llama.cpp takes where a file names none. */
  [stages(MARKS_FIRST, PATTERNS.gpt2, "\\p{N}+", THREE_DIGITS), "default"],
  [
    GPT_2,
    "gpt-2 phi-2 mpt olmo jais trillion granite-docling exaone4 gigachat a.x-4.0 mellum modern-bert roberta-bpe" +
      " jina-es jina-de jina-v1-en jina-v2-es jina-v2-de jina-v2-code",
  ],
  [SINGLE_DIGITS, "smollm starcoder refact command-r codeshell exaone minerva-7b mellum2"],
  [LLAMA_3, "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano", WHOLE_AND_BOS],
  [LLAMA_3, "dbrx smaug-bpe glm4 chatglm-bpe"],
  [QWEN_2, "qwen2 stablelm2 deepseek-r1-qwen megrez hunyuan solar-open grok-2 kormo f2llmv2"],
  [stages(PATTERNS.qwen35), "qwen35"],
  [stages(PATTERNS.withoutContractions), "ufakzeka"],
  [stages(PATTERNS.jais2), "jais-2"],
  [stages(PATTERNS.gpt4o), "gpt-4o llama4 kanana2 talkie minimax-m2"],
  [stages(PATTERNS.gpt4o), "granite-embed-multi-97m", WHOLE],
  [stages(PATTERNS.tekken), "tekken", WHOLE_AND_BOS],
  [stages(PATTERNS.youtuScripts, PATTERNS.youtu), "youtu", WHOLE],
  [stages(PATTERNS.kimi), "kimi-k2"],
  [stages(PATTERNS.bailing), "bailingmoe bailingmoe2 llada-moe"],
  [stages(PATTERNS.seedCoder), "seed-coder"],
  [stages(PATTERNS.exaoneMoe), "exaone-moe"],
  [stages("\\p{N}{1,3}", PATTERNS.cjk, PATTERNS.deepseek3), "deepseek-v3 hunyuan-dense joyai-llm hy_v4"],
  [stages("\\p{N}{1,3}", PATTERNS.cjk, PATTERNS.spark, "\\p{N}"), "spark2_5"],
  [stages("\\p{N}{1,3}", PATTERNS.llama3AllDigits), "minicpm5", WHOLE],
  [
    stages("[\\r\\n]", PATTERNS.casedLetters, PATTERNS.deepseekMarks, "\\s+$", PATTERNS.deepseekCjk, "\\p{N}+"),
    "deepseek-llm",
  ],
  [stages("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", PATTERNS.deepseekCjk, "\\p{N}"), "deepseek-coder"],
  [stages("[\\p{P}$+<=>^~|`]+", PATTERNS.gpt2, "\\p{N}+", THREE_DIGITS), "falcon"],
  [stages(PATTERNS.bloom), "poro-chat bloom gpt3-finnish"],
  [stages(PATTERNS.bloom, "\\p{N}"), "viking"],
  [
    stages(
      "<sentinel:[0-9]+>",
      "IMGIMG[A-I]{1,4}Z",
      "[\\t\\n]|    |  ",
      "\\p{N}",
      "[\\p{P}!-/:-@\\[-`{-~]",
      PATTERNS.gpt2,
    ),
    "chameleon",
    { addBos: true },
  ],
  [stages({ kind: "digit-groups", runs: "before-edge" }, PATTERNS.gpt4o), "tiny_aya cohere2moe"],
  [stages("\\p{N}+", { kind: "digit-groups", runs: "joined" }), "superbpe"],
  [stages({ kind: "digit-groups", runs: "all" }, PATTERNS.asian, PATTERNS.deepseek3), "afmoe"],
  [stages(PATTERNS.lines, PATTERNS.qwen2), "laguna"],
  [stages(PATTERNS.lines), "gemma4 granite-embed-multi-311m sarvam-moe", { marked: true }],
];

const PRE_TOKENIZERS: ReadonlyMap<string, PreTokenizer> = new Map(
  ROWS.flatMap(([rule, names, traits]) =>
    names.split(" ").map((name) => [name, { rule, wholeWords: false, addBos: false, marked: false, ...traits }]),
  ),
);

/** The names, in the table's order. */
export const PRE_TOKENIZER_NAMES: readonly string[] = [...PRE_TOKENIZERS.keys()];

/** Throws `tokenizer_unsupported`, naming the known ones. An empty name is `default`. */
export function preTokenizerOf(name: string): PreTokenizer {
  return (
    PRE_TOKENIZERS.get(name === "" ? "default" : name) ??
    fail("tokenizer_unsupported", {
      what: `pre-tokeniser ${JSON.stringify(name)}`,
      hint: `Supported: ${PRE_TOKENIZER_NAMES.join(", ")}.`,
    })
  );
}

/** The first name whose words are cut as `rule` says, or null. */
export function preTokenizerNameOf(rule: SplitRule, wholeWords: boolean): string | null {
  const wanted = JSON.stringify(rule);
  for (const [name, row] of PRE_TOKENIZERS) {
    const isSame = row.wholeWords === wholeWords && !row.marked && JSON.stringify(row.rule) === wanted;
    if (isSame) return name;
  }
  return null;
}
