/**
 * Compiles each case and makes the masks of random texts under it, by the code that serving runs: the
 * compiler of the text thread, the matcher of the mask thread.
 */

import { compileGrammar, type GrammarSource } from "../../text/grammar/compile-grammar.ts";
import type { Grammar } from "../../text/grammar/grammar.ts";
import { LexerMasks } from "../../text/grammar/masks/lexer-masks.ts";
import { Matcher } from "../../text/grammar/matcher.ts";
import { Pushdown } from "../../text/grammar/pushdown.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";
import { compileToolGrammar, type ToolGrammarSource } from "../../text/tools/tool-grammar.ts";
import { spreadOf } from "../spread.ts";
import { createRandom } from "../../base/random.ts";
import type { GrammarCase } from "./grammar-case.ts";
import { type GrammarReport, distributionOf, percentilesOf } from "./grammar-report.ts";
import { type MaskTimes, RandomText } from "./random-text.ts";

export interface MaskMeasurement {
  readonly vocabulary: VocabularyBytes;
  readonly cases: readonly GrammarCase[];
  /** Times that each case is compiled, and that its texts are followed after one pass of warm-up. */
  readonly rounds: number;
  readonly onProgress: (label: string, fraction: number) => void;
}

export type MaskFigures = Pick<GrammarReport, "cases" | "all" | "hitRate" | "maskBytes"> & { readonly buildMs: number };

/** Texts of a case in one round, and how long they are. */
const TEXTS = 4;
const TEXT_TOKENS = 160;

/** Throws what compiling throws. */
export function measureMasks({ vocabulary, cases, rounds, onProgress }: MaskMeasurement): MaskFigures {
  const masks = new LexerMasks(vocabulary);
  const buildMs = timeFirstMask(masks);
  const compileMs = cases.map((): number[] => []);
  const times = cases.map((): MaskTimes => ({ maskMicroseconds: [], acceptMicroseconds: [] }));
  const grammars = cases.map(({ source }) => compile(source));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { source }] of cases.entries()) {
      const beginMs = performance.now();
      compile(source);
      compileMs[index]?.push(performance.now() - beginMs);
    }
  }
  const pushdowns = grammars.map((grammar) => new Pushdown(grammar, masks));
  let warm = masks.statistics;
  for (let round = 0; round <= rounds; round += 1) {
    if (round === 1) warm = masks.statistics;
    for (const [index, pushdown] of pushdowns.entries()) {
      onProgress(cases[index]?.name ?? "", (round + index / cases.length) / (rounds + 1));
      const into = round === 0 ? undefined : times[index];
      followTexts(pushdown, vocabulary, `${index}/${round}`, into ?? { maskMicroseconds: [], acceptMicroseconds: [] });
    }
  }
  const { found, made, bytes } = masks.statistics;
  const all = times.flatMap(({ maskMicroseconds }) => maskMicroseconds);
  return {
    buildMs,
    cases: cases.map(({ name }, index) => ({
      name,
      compileMs: spreadOf(compileMs[index] ?? []),
      maskMicroseconds: distributionOf(times[index]?.maskMicroseconds ?? []),
      acceptMicroseconds: distributionOf(times[index]?.acceptMicroseconds ?? []),
    })),
    all: {
      compileMs: spreadOf(compileMs.flat()),
      maskMicroseconds: distributionOf(all),
      maskPercentiles: percentilesOf(all),
    },
    hitRate: (found - warm.found) / Math.max(1, found - warm.found + made - warm.made),
    maskBytes: bytes,
  };
}

/** Nearly all of it is the making of the vocabulary's tries. */
function timeFirstMask(masks: LexerMasks): number {
  const matcher = new Matcher(new Pushdown(compileGrammar({ kind: "choice", texts: ["a"] }), masks));
  const beginMs = performance.now();
  matcher.fillMask(new Uint32Array(masks.wordCount));
  return performance.now() - beginMs;
}

function compile(source: GrammarSource | ToolGrammarSource): Grammar {
  return source.kind === "tool_calls" ? compileToolGrammar(source, () => null).grammar : compileGrammar(source);
}

function followTexts(pushdown: Pushdown, vocabulary: VocabularyBytes, key: string, times: MaskTimes): void {
  const texts = new RandomText(vocabulary, createRandom(`grammar/${key}`));
  for (let text = 0; text < TEXTS; text += 1) texts.follow(new Matcher(pushdown), TEXT_TOKENS, times);
}
