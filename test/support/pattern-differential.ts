/** `pattern` against the runtime's own regular expressions: a JSON string is taken where RegExp finds a match. */

import { TurnwiseError } from "../../src/base/errors.ts";
import { compileJsonSchema } from "../../src/text/grammar/json-schema/compile-schema.ts";
import { LexerMasks } from "../../src/text/grammar/masks/lexer-masks.ts";
import { Pushdown } from "../../src/text/grammar/pushdown.ts";
import type { VocabularyBytes } from "../../src/text/tokenizer/types.ts";
import { RandomPatterns } from "./random-pattern.ts";
import { accepts } from "./schema-differential.ts";

export interface PatternReport {
  readonly accepted: number;
  readonly refused: number;
  readonly failures: readonly string[];
}

export function comparePatterns(vocabulary: VocabularyBytes, seed: number, patterns: number): PatternReport {
  const random = new RandomPatterns(seed);
  const masks = new LexerMasks(vocabulary);
  const report = { accepted: 0, refused: 0, failures: [] as string[] };
  for (let index = 0; index < patterns; index += 1) {
    const { source, texts } = random.next();
    const expression = new RegExp(source, "u");
    try {
      const pushdown = new Pushdown(compileJsonSchema({ type: "string", pattern: source }), masks);
      for (const text of texts) {
        const matches = expression.test(text);
        if (accepts(pushdown, Buffer.from(JSON.stringify(text))) === matches) {
          report[matches ? "accepted" : "refused"] += 1;
        } else report.failures.push(`${source} ${matches ? "matches" : "does not match"} ${JSON.stringify(text)}`);
      }
    } catch (error) {
      if (!(error instanceof TurnwiseError) || error.code !== "grammar_limit") throw error;
    }
  }
  return report;
}
