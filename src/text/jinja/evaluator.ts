/** Evaluates expressions. Statements are `renderer.ts`. */

import { unreachable } from "../../base/invariant.ts";
import type { Arguments, Expression, FilterExpression } from "./ast.ts";
import type { Budget } from "./budget.ts";
import { applyFilter } from "./filters/table.ts";
import { getAttribute, getItem, getSlice } from "./lookup.ts";
import { applyBinary, applyCompare, concatenate, negate, plus } from "./operators.ts";
import type { Scope } from "./scope.ts";
import { applyTest } from "./tests.ts";
import { toText } from "./text-form.ts";
import {
  Callable,
  type CallArguments,
  Dict,
  isTrue,
  itemsOf,
  JinjaError,
  NativeObject,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";

export class Evaluator {
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Throws JinjaError. */
  evaluate(expression: Expression, scope: Scope): Value {
    this.#budget.step();
    switch (expression.kind) {
      case "literal":
        return expression.value;
      case "name":
        return scope.get(expression.name);
      case "list":
        return expression.items.map((item) => this.evaluate(item, scope));
      case "tuple":
        return new Tuple(expression.items.map((item) => this.evaluate(item, scope)));
      case "dict":
        return this.#dict(expression.entries, scope);
      case "attribute":
        return getAttribute(this.evaluate(expression.object, scope), expression.name, this.#budget);
      case "item":
        return getItem(this.evaluate(expression.object, scope), this.evaluate(expression.key, scope), this.#budget);
      case "slice":
        return this.#slice(expression, scope);
      case "call":
        return this.call(this.evaluate(expression.callee, scope), this.callArguments(expression.args, scope));
      case "filter":
        return this.filter(expression, null, scope);
      case "test":
        return this.#test(expression, scope);
      case "unary":
        return (expression.operator === "-" ? negate : plus)(this.evaluate(expression.operand, scope));
      case "not":
        return !isTrue(this.evaluate(expression.operand, scope));
      case "binary":
        return this.#binary(expression, scope);
      case "and":
      case "or":
        return this.#logical(expression, scope);
      case "compare":
        return this.#compare(expression, scope);
      case "concat":
        return this.#concat(expression.parts, scope);
      case "conditional":
        return this.#conditional(expression, scope);
      default:
        return unreachable(expression);
    }
  }

  #dict(entries: Extract<Expression, { readonly kind: "dict" }>["entries"], scope: Scope): Dict {
    const values = entries.map(([key, value]) => [this.evaluate(key, scope), this.evaluate(value, scope)] as const);
    return new Dict(values, this.#budget);
  }

  #test({ name, target, args }: Extract<Expression, { readonly kind: "test" }>, scope: Scope): boolean {
    const value = this.evaluate(target, scope);
    return applyTest(name, value, this.callArguments(args, scope), this.#budget);
  }

  #binary({ operator, left, right }: Extract<Expression, { readonly kind: "binary" }>, scope: Scope): Value {
    const first = this.evaluate(left, scope);
    return applyBinary(operator, first, this.evaluate(right, scope), this.#budget);
  }

  /** The value that decides, as in Python. */
  #logical({ kind, left, right }: Extract<Expression, { readonly kind: "and" | "or" }>, scope: Scope): Value {
    const first = this.evaluate(left, scope);
    return isTrue(first) === (kind === "and") ? this.evaluate(right, scope) : first;
  }

  #concat(parts: readonly Expression[], scope: Scope): Value {
    const values = parts.map((part) => this.evaluate(part, scope));
    return concatenate(values, "", this.#budget);
  }

  #conditional(expression: Extract<Expression, { readonly kind: "conditional" }>, scope: Scope): Value {
    if (isTrue(this.evaluate(expression.test, scope))) return this.evaluate(expression.value, scope);
    if (expression.otherwise !== null) return this.evaluate(expression.otherwise, scope);
    return new Undefined("the inline if-expression evaluated to false and no else section was defined.");
  }

  /** a < b < c is a < b and b < c. */
  #compare({ first, rest }: Extract<Expression, { readonly kind: "compare" }>, scope: Scope): boolean {
    let left = this.evaluate(first, scope);
    for (const [operator, expression] of rest) {
      const right = this.evaluate(expression, scope);
      if (!applyCompare(operator, left, right, this.#budget)) return false;
      left = right;
    }
    return true;
  }

  #slice({ object, start, stop, step }: Extract<Expression, { readonly kind: "slice" }>, scope: Scope): Value {
    const value = this.evaluate(object, scope);
    const bounds = [start, stop, step].map((bound) => {
      const index = bound === null ? null : this.evaluate(bound, scope);
      if (index instanceof Undefined) return index.fail();
      if (index === null || typeof index === "number") return index;
      throw new JinjaError("slice indices must be integers or None or have an __index__ method");
    });
    return getSlice(value, bounds, this.#budget);
  }

  /** `text` is what a filter without a target of its own is applied to. */
  filter(expression: FilterExpression, text: Value, scope: Scope): Value {
    const { target } = expression;
    let value = text;
    if (target !== null) {
      value = target.kind === "filter" ? this.filter(target, text, scope) : this.evaluate(target, scope);
    }
    return applyFilter(expression.name, value, this.callArguments(expression.args, scope), this.#budget);
  }

  callArguments({ positional, keywords, spread, keywordSpread }: Arguments, scope: Scope): CallArguments {
    const values = positional.map((argument) => this.evaluate(argument, scope));
    const named = new Map<string, Value>();
    for (const [name, argument] of keywords) named.set(name, this.evaluate(argument, scope));
    if (spread !== null) values.push(...itemsOf(this.evaluate(spread, scope), this.#budget).slice(0, MAX_SPREAD));
    if (keywordSpread !== null) {
      const more = this.evaluate(keywordSpread, scope);
      if (!(more instanceof Dict)) throw new JinjaError("argument after ** must be a mapping");
      this.#budget.step(more.size);
      for (const [name, value] of more.entries()) named.set(toText(name, this.#budget), value);
    }
    return { positional: values, keywords: named };
  }

  call(callee: Value, args: CallArguments): Value {
    if (callee instanceof Undefined) return callee.fail();
    const call = callee instanceof Callable || callee instanceof NativeObject ? callee.call : null;
    if (call === null) throw new JinjaError(`'${typeName(callee)}' object is not callable`);
    return call(args);
  }
}

/** A call takes its arguments on the stack. */
const MAX_SPREAD = 1000;
