/** Leaves free text alone until the sign of a tool call, and from there on holds it to the grammar. */

import { TOKEN_FLAG, type VocabularyBytes } from "../../text/tokenizer/types.ts";
import { hasTokenFlag, tokenBytes } from "../../text/tokenizer/vocabulary-bytes.ts";
import type { WakeRule } from "../../text/tools/tool-grammar.ts";
import type { Constraint } from "./active-order.ts";
import { NO_DRAFT } from "../schedule/sequence.ts";
import type { GrammarConstraint } from "./grammar-constraint.ts";

export function wakingConstraint(
  start: () => GrammarConstraint,
  rule: WakeRule,
  vocabulary: VocabularyBytes,
): Constraint {
  let awake: GrammarConstraint | null = null;
  /** The text so far as bytes in a string; where the sign may come anywhere, its last part only. */
  let text = "";
  const wakeByText = (): void => {
    const trimmed = text.length - text.trimStart().length;
    const at = rule.atStart ? (text.startsWith(rule.text, trimmed) ? trimmed : -1) : text.indexOf(rule.text);
    if (rule.text === "" || at < 0) return;
    const constraint = start();
    // A token may hold more than the sign; what does not go on as a call stays text.
    if (constraint.acceptBytes(Buffer.from(text.slice(at), "latin1"))) {
      awake = constraint;
      return;
    }
    constraint.close();
    text = text.slice(at + rule.text.length);
  };
  return {
    fill: (words, drafted) => awake !== null && awake.fill(words, drafted),
    prepare: (room, left) => awake?.prepare(room, left) ?? NO_DRAFT,
    close: () => awake?.close(),
    accept(token) {
      if (awake !== null) return awake.accept(token);
      if (token === rule.token) {
        awake = start();
        return awake.accept(token);
      }
      if (hasTokenFlag(vocabulary, token, TOKEN_FLAG.hidden | TOKEN_FLAG.endOfGeneration)) return;
      text += Buffer.from(tokenBytes(vocabulary, token)).toString("latin1");
      wakeByText();
      if (!rule.atStart) text = text.slice(-rule.text.length);
    },
    get isFinished() {
      return awake !== null && awake.isFinished;
    },
    get isShortened() {
      return awake !== null && awake.isShortened;
    },
  };
}
