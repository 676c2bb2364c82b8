/**
 * Finds stop strings in text that comes in pieces, and holds back only what could still become one:
 * the longest end of the text that begins a stop string. The stop string that is complete first ends
 * the text, of several complete at the same place the longest; how the text is cut does not matter.
 * Source: Aho and Corasick, "Efficient string matching" (1975).
 */

import { fail } from "../base/errors.ts";
import { at } from "../base/invariant.ts";

export interface StopResult {
  /** Text that is certain to come before any stop string. */
  readonly emit: string;
  /** The stop string that ended the text, or null. After one, pushes give nothing. */
  readonly stopped: string | null;
}

export interface StopMatcher {
  push(text: string): StopResult;
  /** The text held back, when no more comes. The next push begins a new text. */
  flush(): string;
}

interface Node {
  readonly depth: number;
  readonly next: Map<number, Node>;
  /** The node of the longest proper end of this node's text; null at the root. */
  fallback: Node | null;
  /** The longest stop string that ends here. */
  stop: string | null;
}

/** Throws `request_invalid` for an empty stop string: it would end every text at once. */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  const root = buildAutomaton(stops);
  let node = root;
  let held = "";
  let done = false;
  return {
    push(text) {
      if (done) return { emit: "", stopped: null };
      const all = held + text;
      for (let index = held.length; index < all.length; index += 1) {
        node = advance(root, node, all.charCodeAt(index));
        if (node.stop === null) continue;
        const { stop } = node;
        done = true;
        held = "";
        return { emit: all.slice(0, index + 1 - stop.length), stopped: stop };
      }
      const certain = all.length - node.depth;
      held = all.slice(certain);
      return { emit: all.slice(0, certain), stopped: null };
    },
    flush() {
      const rest = held;
      node = root;
      held = "";
      done = false;
      return rest;
    },
  };
}

function advance(root: Node, from: Node, unit: number): Node {
  for (let node: Node | null = from; node !== null; node = node.fallback) {
    const next = node.next.get(unit);
    if (next !== undefined) return next;
  }
  return root;
}

function buildAutomaton(stops: readonly string[]): Node {
  const root: Node = { depth: 0, next: new Map(), fallback: null, stop: null };
  for (const stop of stops) {
    if (stop === "") fail("request_invalid", { field: "stop", problem: "An empty stop string would end every text." });
    let node = root;
    for (let index = 0; index < stop.length; index += 1) node = child(node, stop.charCodeAt(index));
    node.stop = stop;
  }
  linkFallbacks(root);
  return root;
}

function child(node: Node, unit: number): Node {
  const existing = node.next.get(unit);
  if (existing !== undefined) return existing;
  const created: Node = { depth: node.depth + 1, next: new Map(), fallback: null, stop: null };
  node.next.set(unit, created);
  return created;
}

/** Breadth first, so that the fallback of a node's parent is known before the node's own. */
function linkFallbacks(root: Node): void {
  const queue = [root];
  for (let index = 0; index < queue.length; index += 1) {
    const node = at(queue, index);
    for (const [unit, next] of node.next) {
      next.fallback = node.fallback === null ? root : advance(root, node.fallback, unit);
      next.stop ??= next.fallback.stop;
      queue.push(next);
    }
  }
}
