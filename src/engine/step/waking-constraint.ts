/** Leaves free text alone until the sign of a tool call, and from there on holds it to the grammar. */

import { TOKEN_FLAG, type VocabularyBytes } from "../../text/tokenizer/types.ts";
import { hasTokenFlag, tokenBytes } from "../../text/tokenizer/vocabulary-bytes.ts";
import { bareSignLength } from "../../text/tools/call-heads.ts";
import { ThoughtSplitter } from "../../text/tools/thoughts.ts";
import type { WakeRule } from "../../text/tools/tool-grammar.ts";
import type { Constraint } from "./active-order.ts";
import { NO_DRAFT } from "../schedule/sequence.ts";
import type { GrammarConstraint } from "./grammar-constraint.ts";

export function wakingConstraint(
  start: () => GrammarConstraint,
  rule: WakeRule,
  vocabulary: VocabularyBytes,
): Constraint {
  const thoughts = new ThoughtSplitter(rule.thoughts);
  const watch = rule.atStart ? new StartWatch() : new TextWatch(rule.text);
  let awake: GrammarConstraint | null = null;

  const wakeByText = (answer: string): void => {
    for (let behind = watch.push(answer); behind !== null; behind = watch.push("")) {
      awake = startBehind(behind);
      if (awake !== null) return;
    }
  };
  /** Null where what follows the sign does not go on as a call: a token may hold more than the sign. */
  const startBehind = (behind: string): GrammarConstraint | null => {
    // Readers of calls do not mind white space that a model writes elsewhere than the grammar has it.
    const ways = [behind, rule.before + behind.trimStart(), behind.replaceAll(/\s/g, "")];
    for (const way of new Set(ways)) {
      const constraint = start();
      if (constraint.acceptBytes(Buffer.from(rule.text + way, "latin1"))) return constraint;
      constraint.close();
    }
    return null;
  };
  return {
    fill: (words, drafted) => awake !== null && awake.fill(words, drafted),
    prepare: (room, left) => awake?.prepare(room, left) ?? NO_DRAFT,
    close: () => awake?.close(),
    accept(token) {
      if (awake !== null) return awake.accept(token);
      if (token === rule.token && !thoughts.isInside) {
        awake = start();
        return awake.accept(token);
      }
      if (hasTokenFlag(vocabulary, token, TOKEN_FLAG.hidden | TOKEN_FLAG.endOfGeneration)) return;
      wakeByText(thoughts.push(Buffer.from(tokenBytes(vocabulary, token)).toString("latin1")).answer);
    },
    get isFinished() {
      return awake !== null && awake.isFinished;
    },
    get isShortened() {
      return awake !== null && awake.isShortened;
    },
  };
}

/** Looks for the sign of a call in an answer that comes in pieces: bytes, one a character. */
interface Watch {
  /** What stands behind the next sign; null where there is none so far. */
  push(piece: string): string | null;
}

/** The sign may come anywhere. */
class TextWatch implements Watch {
  readonly #sign: string;
  /** No sign has begun before it. */
  #text = "";

  constructor(sign: string) {
    this.#sign = sign;
  }

  push(piece: string): string | null {
    if (this.#sign === "") return null;
    this.#text += piece;
    const at = this.#text.indexOf(this.#sign);
    this.#text = this.#text.slice(
      at < 0 ? Math.max(0, this.#text.length - this.#sign.length + 1) : at + this.#sign.length,
    );
    return at < 0 ? null : this.#text;
  }
}

/** The sign of a bare call comes first or not at all. */
class StartWatch implements Watch {
  #text = "";
  #isOver = false;

  push(piece: string): string | null {
    if (this.#isOver) return null;
    this.#text += piece;
    const length = bareSignLength(this.#text);
    if (length === "wait") return null;
    this.#isOver = true;
    return length === null ? null : this.#text.slice(length);
  }
}
