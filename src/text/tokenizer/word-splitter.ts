/** Cuts a text into words by the rule of its pre-tokeniser: all of the text, in order, but for what a stage removes. */

import { unreachable } from "../../base/invariant.ts";
import { scanWord } from "./scan-words.ts";
import type { SplitRule } from "./split-rules.ts";
import { createStageSplitter } from "./split-stages.ts";
import type { TextPlace } from "./text-encoding.ts";

/** Takes the word text[start..end). */
export type WordVisitor = (text: string, start: number, end: number) => void;

/** `text` is well formed. `place`: what stands before it. */
export type WordSplitter = (text: string, place: TextPlace, visit: WordVisitor) => void;

/** Throws `tokenizer_unsupported` for a pattern that cannot be run. */
export function createWordSplitter(rule: SplitRule): WordSplitter {
  switch (rule.kind) {
    case "scan":
      return (text, _place, visit) => {
        for (let start = 0; start < text.length;) {
          const end = scanWord(text, start, rule);
          visit(text, start, end);
          start = end;
        }
      };
    case "stages": {
      const split = createStageSplitter(rule.stages);
      return (text, place, visit) => split(text, place, (word) => visit(word, 0, word.length));
    }
    default:
      return unreachable(rule);
  }
}
