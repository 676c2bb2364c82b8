/** What is assigned to, in loops, set and with. */

import type { Target } from "./ast.ts";
import type { TokenStream } from "./token-stream.ts";

/** Where a tuple may end after a comma. */
export function isTupleEnd(stream: TokenStream): boolean {
  return stream.isSymbol("}}", "%}", ")", "]", "=") || stream.isName("in", "recursive", "if");
}

/** Names to assign to; "ns.field" too. Commas make a tuple. */
export function parseTarget(stream: TokenStream): Target {
  const items = [parseOneTarget(stream)];
  let isTuple = false;
  while (stream.takeSymbol(",")) {
    isTuple = true;
    if (isTupleEnd(stream)) break;
    items.push(parseOneTarget(stream));
  }
  const [first] = items;
  return isTuple || first === undefined ? { kind: "tuple", items } : first;
}

const CONSTANTS: ReadonlySet<string> = new Set(["true", "false", "none", "True", "False", "None"]);

function parseOneTarget(stream: TokenStream): Target {
  if (stream.takeSymbol("(")) {
    const target = stream.nest(() => parseTarget(stream));
    stream.expectSymbol(")");
    return target;
  }
  const name = stream.expectName();
  if (CONSTANTS.has(name)) stream.fail(`can't assign to '${name}'`);
  return stream.takeSymbol(".") ? { kind: "namespace", name, attribute: stream.expectName() } : { kind: "name", name };
}
