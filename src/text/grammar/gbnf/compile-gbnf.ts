/** GBNF to a grammar. What holds no recursion becomes one regular expression, and so fast. */

import { fail } from "../../../base/errors.ts";
import { unreachable } from "../../../base/invariant.ts";
import type { Grammar } from "../grammar.ts";
import { GrammarBuilder } from "../grammar-builder.ts";
import { GRAMMAR_LIMITS } from "../limits.ts";
import { utf8 } from "../regex/code-points.ts";
import { type Regex, choice, concat, literal, repeat } from "../regex/regex.ts";
import { type GbnfExpression, parseGbnf } from "./parse-gbnf.ts";

const ROOT = "root";
/** A rule of more parts stays a rule: copied to each place of use it might grow without bound. */
const MAX_INLINE_PARTS = 2000;

/** Throws `grammar_invalid` and `grammar_limit`. */
export function compileGbnf(source: string): Grammar {
  const builder = new GrammarBuilder();
  const compiler = new GbnfCompiler(builder, parseGbnf(source));
  const root = compiler.rule(ROOT);
  const grammar = builder.finish(root, (id) => compiler.nameOf(id));
  return grammar ?? fail("grammar_invalid", { language: "GBNF grammar", problem: "its root never comes to an end." });
}

/** A regular expression with its size, or null where recursion is inside. */
type Regular = { readonly regex: Regex; readonly parts: number } | null;

class GbnfCompiler {
  readonly #builder: GrammarBuilder;
  readonly #rules: ReadonlyMap<string, GbnfExpression>;
  readonly #nodes = new Map<string, number>();
  readonly #names = new Map<number, string>();
  readonly #regular = new Map<string, Regular>();
  readonly #opening = new Set<string>();

  constructor(builder: GrammarBuilder, rules: ReadonlyMap<string, GbnfExpression>) {
    this.#builder = builder;
    this.#rules = rules;
  }

  nameOf(id: number): string | null {
    return this.#names.get(id) ?? null;
  }

  rule(name: string): number {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const id = this.#builder.reserve();
    this.#nodes.set(name, id);
    this.#names.set(id, name);
    if (this.#nodes.size > GRAMMAR_LIMITS.properties) {
      fail("grammar_limit", { what: "rules", limit: GRAMMAR_LIMITS.properties, limitName: "properties" });
    }
    return this.#builder.define(id, { kind: "choice", options: [this.#node(this.#expression(name))] });
  }

  #expression(name: string): GbnfExpression {
    const expression = this.#rules.get(name);
    return expression ?? fail("grammar_invalid", { language: "GBNF grammar", problem: `there is no rule ${name}.` });
  }

  #node(expression: GbnfExpression): number {
    const regular = this.#regularOf(expression);
    if (regular !== null) return this.#builder.lexeme(regular.regex);
    switch (expression.kind) {
      case "rule":
        return this.rule(expression.name);
      case "sequence":
        return this.#builder.sequence(...expression.items.map((item) => this.#node(item)));
      case "choice":
        return this.#builder.choice(...expression.options.map((option) => this.#node(option)));
      case "repeat":
        return this.#builder.repeat(this.#node(expression.item), expression.min, expression.max);
      case "text":
      case "set":
        return this.#builder.lexeme(regexOf(expression));
      default:
        return unreachable(expression);
    }
  }

  #regularOf(expression: GbnfExpression): Regular {
    switch (expression.kind) {
      case "text":
      case "set":
        return { regex: regexOf(expression), parts: 1 };
      case "rule":
        return this.#regularRule(expression.name);
      case "repeat": {
        const item = this.#regularOf(expression.item);
        return item && { regex: repeat(item.regex, expression.min, expression.max), parts: item.parts + 1 };
      }
      case "sequence":
        return this.#combined(expression.items, concat);
      case "choice":
        return this.#combined(expression.options, choice);
      default:
        return unreachable(expression);
    }
  }

  #combined(parts: readonly GbnfExpression[], combine: (...regexes: readonly Regex[]) => Regex): Regular {
    const found: NonNullable<Regular>[] = [];
    for (const part of parts) {
      const regular = this.#regularOf(part);
      if (regular === null) return null;
      found.push(regular);
    }
    const size = found.reduce((sum, part) => sum + part.parts, 1);
    return size > MAX_INLINE_PARTS ? null : { regex: combine(...found.map((part) => part.regex)), parts: size };
  }

  #regularRule(name: string): Regular {
    const known = this.#regular.get(name);
    if (known !== undefined) return known;
    if (this.#opening.has(name)) return null;
    if (this.#opening.size > GRAMMAR_LIMITS.depth) return null;
    this.#opening.add(name);
    const regular = this.#regularOf(this.#expression(name));
    this.#opening.delete(name);
    // What is not regular because a rule around it is being opened is not regular for good: they are mutual.
    this.#regular.set(name, regular);
    return regular;
  }
}

function regexOf(expression: Extract<GbnfExpression, { readonly kind: "text" | "set" }>): Regex {
  return expression.kind === "text" ? literal(expression.text) : utf8(expression.ranges);
}
