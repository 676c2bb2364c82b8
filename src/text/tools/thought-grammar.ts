/** The grammar of an answer that may have a thought before it. */

import type { Grammar, GrammarNode } from "../grammar/grammar.ts";
import { literal, type Regex, repeat } from "../grammar/regex/regex.ts";
import { textWithout } from "../grammar/regex/text-without.ts";
import { THOUGHT_CLOSE, THOUGHT_OPEN, type ThoughtStart } from "./thoughts.ts";

/** Models put two behind the tag; readers take any number for a part of it. */
const MAX_LINE_ENDS = 2;

/**
 * `grammar` behind a thought of any text, which may be left out where it only may begin. `controlToken` finds a
 * control token by its spelling.
 */
export function behindThought(
  grammar: Grammar,
  thoughts: ThoughtStart,
  controlToken: (text: string) => number | null,
): Grammar {
  if (thoughts === "none") return grammar;
  const nodes: GrammarNode[] = [...grammar.nodes];
  const add = (node: GrammarNode): number => nodes.push(node) - 1;
  const lexeme = (regex: Regex): number => add({ kind: "lexeme", regex });
  const mark = (text: string): number => {
    const id = controlToken(text);
    return id === null ? lexeme(literal(text)) : add({ kind: "token", id });
  };
  const items = [
    lexeme(textWithout(THOUGHT_CLOSE)),
    mark(THOUGHT_CLOSE),
    lexeme(repeat(literal("\n"), 0, MAX_LINE_ENDS)),
    grammar.root,
  ];
  if (thoughts === "open") return { nodes, root: add({ kind: "sequence", items }) };
  const thought = add({ kind: "sequence", items: [mark(THOUGHT_OPEN), ...items] });
  return { nodes, root: add({ kind: "choice", options: [grammar.root, thought] }) };
}
