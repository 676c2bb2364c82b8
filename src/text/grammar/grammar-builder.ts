/**
 * Builds a Grammar node by node and establishes what running one relies on: nodes that derive nothing
 * are taken out with all that needs them, and left recursion, which would never reach a byte, is found.
 */

import { fail } from "../../base/errors.ts";
import { at, invariant, unreachable } from "../../base/invariant.ts";
import type { Grammar, GrammarNode } from "./grammar.ts";
import { GRAMMAR_LIMITS } from "./limits.ts";
import { RegexArena } from "./regex/arena.ts";
import { matchesEmpty, matchesSomething } from "./regex/regex-traits.ts";
import { EMPTY, NONE, type Regex } from "./regex/regex.ts";

export class GrammarBuilder {
  readonly #nodes: (GrammarNode | null)[] = [];
  readonly #lexemes = new Map<Regex, number>();
  readonly #places = new Map<number, string>();
  /** Where intersections are looked into for emptiness; the runtime's arena is another. */
  readonly arena = new RegexArena();

  get size(): number {
    return this.#nodes.length;
  }

  /** A number for a node that is defined later, as recursion needs. */
  reserve(): number {
    if (this.#nodes.length >= GRAMMAR_LIMITS.nodes) {
      fail("grammar_limit", { what: "nodes", limit: GRAMMAR_LIMITS.nodes, limitName: "nodes" });
    }
    this.#nodes.push(null);
    return this.#nodes.length - 1;
  }

  define(id: number, node: GrammarNode): number {
    invariant(this.#nodes[id] === null, "a node is defined once");
    this.#nodes[id] = node;
    return id;
  }

  add(node: GrammarNode): number {
    return this.define(this.reserve(), node);
  }

  /** Notes where the source of node `id` stands, for errors. */
  place(id: number, place: string): void {
    this.#places.set(id, place);
  }

  lexeme(regex: Regex): number {
    const known = this.#lexemes.get(regex);
    if (known !== undefined) return known;
    const id = this.add({ kind: "lexeme", regex });
    this.#lexemes.set(regex, id);
    return id;
  }

  /** Derives nothing. */
  nothing(): number {
    return this.lexeme(NONE);
  }

  /** Derives the empty text. */
  empty(): number {
    return this.lexeme(EMPTY);
  }

  sequence(...items: readonly number[]): number {
    return items.length === 1 ? at(items, 0) : this.add({ kind: "sequence", items });
  }

  choice(...options: readonly number[]): number {
    return options.length === 1 ? at(options, 0) : this.add({ kind: "choice", options });
  }

  repeat(item: number, min: number, max: number | null): number {
    if (max !== null && max < min) return this.nothing();
    if (max === 0) return this.empty();
    return min === 1 && max === 1 ? item : this.add({ kind: "repeat", item, min, max });
  }

  /** By node: 1 where it derives some text. All nodes are defined by then. */
  findDeriving(): Uint8Array {
    const isLive = (regex: Regex): boolean => this.arena.isLive(this.arena.intern(regex));
    return findDeriving(this.#defined(), (regex) => matchesSomething(regex, isLive));
  }

  /** The innermost noted place on the way from `id`, which derives nothing, to what leaves it no text. */
  placeOfNothing(id: number, derives: Uint8Array): string | null {
    const nodes = this.#defined();
    const seen = new Set<number>();
    let place: string | null = null;
    for (let next: number | undefined = id; next !== undefined && !seen.has(next);) {
      seen.add(next);
      place = this.#places.get(next) ?? place;
      next = childrenOf(at(nodes, next)).find((child) => derives[child] !== 1);
    }
    return place;
  }

  /** Null where `root` derives nothing. Throws `grammar_invalid` for left recursion, naming nodes by `nameOf`. */
  finish(root: number, nameOf: (id: number) => string | null = () => null): Grammar | null {
    const nodes = this.#defined();
    const derives = this.findDeriving();
    if (derives[root] !== 1) return null;
    const trimmed = nodes.map((node, id) => (derives[id] === 1 ? trim(node, derives) : node));
    const nullable = findNullable(trimmed, matchesEmpty);
    checkLeftRecursion(trimmed, nullable, nameOf);
    return compact(trimmed, root);
  }

  #defined(): readonly GrammarNode[] {
    return this.#nodes.map((node) => node ?? invariantDefined());
  }
}

function invariantDefined(): never {
  return invariant(false, "a reserved node is defined") as never;
}

/** By node: 1 where it derives some text. The least fixed point. */
function findDeriving(nodes: readonly GrammarNode[], isLive: (regex: Regex) => boolean): Uint8Array {
  return fixedPoint(nodes, (node, derives) => {
    switch (node.kind) {
      case "lexeme":
        return isLive(node.regex);
      case "token":
        return true;
      case "sequence":
        return node.items.every((item) => derives[item] === 1);
      case "choice":
        return node.options.some((option) => derives[option] === 1);
      case "repeat":
        return node.min === 0 || derives[node.item] === 1;
      default:
        return unreachable(node);
    }
  });
}

function findNullable(nodes: readonly GrammarNode[], isNullable: (regex: Regex) => boolean): Uint8Array {
  return fixedPoint(nodes, (node, nullable) => {
    switch (node.kind) {
      case "lexeme":
        return isNullable(node.regex);
      case "token":
        return false;
      case "sequence":
        return node.items.every((item) => nullable[item] === 1);
      case "choice":
        return node.options.some((option) => nullable[option] === 1);
      case "repeat":
        return node.min === 0 || nullable[node.item] === 1;
      default:
        return unreachable(node);
    }
  });
}

/** Passes from the back, as most nodes stand before what they need, until nothing changes. */
function fixedPoint(
  nodes: readonly GrammarNode[],
  holds: (node: GrammarNode, known: Uint8Array) => boolean,
): Uint8Array {
  const known = new Uint8Array(nodes.length);
  for (let changed = true; changed;) {
    changed = false;
    for (let id = nodes.length - 1; id >= 0; id -= 1) {
      if (known[id] === 1 || !holds(at(nodes, id), known)) continue;
      known[id] = 1;
      changed = true;
    }
  }
  return known;
}

function trim(node: GrammarNode, derives: Uint8Array): GrammarNode {
  if (node.kind === "choice") return { kind: "choice", options: node.options.filter((id) => derives[id] === 1) };
  if (node.kind === "repeat" && derives[node.item] !== 1) return { kind: "sequence", items: [] };
  return node;
}

/** What `node` is made of. Options come last first: where a member may be left out, the way without it is the last. */
function childrenOf(node: GrammarNode): readonly number[] {
  switch (node.kind) {
    case "lexeme":
    case "token":
      return [];
    case "choice":
      return node.options.toReversed();
    case "sequence":
      return node.items;
    case "repeat":
      return [node.item];
    default:
      return unreachable(node);
  }
}

/** What `node` may begin with, before any byte. */
function firstChildren(node: GrammarNode, nullable: Uint8Array): readonly number[] {
  switch (node.kind) {
    case "lexeme":
    case "token":
      return [];
    case "choice":
      return node.options;
    case "repeat":
      return [node.item];
    case "sequence": {
      const end = node.items.findIndex((item) => nullable[item] !== 1);
      return end < 0 ? node.items : node.items.slice(0, end + 1);
    }
    default:
      return unreachable(node);
  }
}

function checkLeftRecursion(
  nodes: readonly GrammarNode[],
  nullable: Uint8Array,
  nameOf: (id: number) => string | null,
): void {
  const state = new Uint8Array(nodes.length);
  const open = 1;
  const done = 2;
  for (let root = 0; root < nodes.length; root += 1) {
    if (state[root] !== 0) continue;
    const path: { readonly id: number; readonly children: readonly number[]; next: number }[] = [];
    const visit = (id: number) => {
      state[id] = open;
      path.push({ id, children: firstChildren(at(nodes, id), nullable), next: 0 });
    };
    visit(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const child = top.children[top.next];
      top.next += 1;
      if (child === undefined) {
        state[top.id] = done;
        path.pop();
      } else if (state[child] === open) {
        const names = path.map(({ id }) => nameOf(id)).filter((name) => name !== null);
        const rule = names.at(-1);
        const problem = `${rule === undefined ? "a rule" : `rule ${rule}`} begins with itself; let the repeated part come last`;
        fail("grammar_invalid", { language: "grammar", problem });
      } else if (state[child] === 0) {
        visit(child);
      }
    }
  }
}

/** Only what `root` needs, so that no more than that crosses threads. */
function compact(nodes: readonly GrammarNode[], root: number): Grammar {
  const numbers = new Map<number, number>([[root, 0]]);
  const order = [root];
  const numberOf = (id: number): number => {
    const known = numbers.get(id);
    if (known !== undefined) return known;
    numbers.set(id, order.length);
    order.push(id);
    return order.length - 1;
  };
  const kept: GrammarNode[] = [];
  for (let index = 0; index < order.length; index += 1) {
    const node = at(nodes, at(order, index));
    switch (node.kind) {
      case "lexeme":
      case "token":
        kept.push(node);
        break;
      case "sequence":
        kept.push({ kind: "sequence", items: node.items.map(numberOf) });
        break;
      case "choice":
        kept.push({ kind: "choice", options: node.options.map(numberOf) });
        break;
      case "repeat":
        kept.push({ ...node, item: numberOf(node.item) });
        break;
      default:
        unreachable(node);
    }
  }
  return { nodes: kept, root: 0 };
}
