/** Cuts a text into words by the rule of its pre-tokeniser. The words are the whole text, in order. */

import { unreachable } from "../../base/invariant.ts";
import { splitByRegexes } from "./regex-words.ts";
import { scanWord } from "./scan-words.ts";
import type { PreTokenizer } from "./split-rules.ts";

/** Takes the word text[start..end). */
export type WordVisitor = (text: string, start: number, end: number) => void;

/** `text` is well formed. */
export function splitWords(text: string, rule: PreTokenizer["rule"], visit: WordVisitor): void {
  switch (rule.kind) {
    case "scan":
      for (let start = 0; start < text.length;) {
        const end = scanWord(text, start, rule);
        visit(text, start, end);
        start = end;
      }
      return;
    case "regex":
      splitByRegexes(text, rule.stages, visit);
      return;
    default:
      unreachable(rule);
  }
}
