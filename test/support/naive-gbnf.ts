/**
 * A second recogniser of GBNF: backtracking over the parsed rules, one character after the other, without
 * automata, stacks or masks. Slow, and for texts over one-byte characters; the code under test is compared with it.
 */

import type { GbnfExpression } from "../../src/text/grammar/gbnf/parse-gbnf.ts";

const MAX_STEPS = 20_000;

export interface NaiveVerdict {
  /** Some text of the language begins so. Needs a grammar in which every rule derives something. */
  readonly viable: boolean;
  readonly complete: boolean;
}

/** Null where it would take too long: backtracking may need exponential time. */
export function recognizeNaively(rules: ReadonlyMap<string, GbnfExpression>, text: string): NaiveVerdict | null {
  let steps = 0;
  let viable = false;
  let complete = false;
  const match = (expression: GbnfExpression, at: number, then: (at: number) => void): void => {
    steps += 1;
    if (steps > MAX_STEPS) return;
    switch (expression.kind) {
      case "text": {
        const rest = text.slice(at);
        if (expression.text.startsWith(rest) && rest.length < expression.text.length) viable = true;
        else if (rest.startsWith(expression.text)) then(at + expression.text.length);
        return;
      }
      case "set": {
        const code = text.charCodeAt(at);
        if (at === text.length) viable ||= expression.ranges.length > 0;
        else if (expression.ranges.some(([low, high]) => low <= code && code <= high)) then(at + 1);
        return;
      }
      case "rule":
        match(rules.get(expression.name) ?? { kind: "sequence", items: [] }, at, then);
        return;
      case "choice":
        for (const option of expression.options) match(option, at, then);
        return;
      case "sequence": {
        const [first, ...others] = expression.items;
        if (first === undefined) then(at);
        else match(first, at, (next) => match({ kind: "sequence", items: others }, next, then));
        return;
      }
      case "repeat": {
        const { item, min, max } = expression;
        if (min === 0) then(at);
        if (max === 0) return;
        const fewer: GbnfExpression = {
          kind: "repeat",
          item,
          min: Math.max(0, min - 1),
          max: max === null ? null : max - 1,
        };
        // A round that takes nothing ends the repetition, or it would go on for ever.
        match(item, at, (next) => (next > at ? match(fewer, next, then) : then(at)));
      }
    }
  };
  match({ kind: "rule", name: "root" }, 0, (at) => {
    if (at === text.length) complete = true;
  });
  return steps > MAX_STEPS ? null : { viable: viable || complete, complete };
}
