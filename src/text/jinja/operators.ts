/** Python's operators over the values of templates. */

import { unreachable } from "../../base/invariant.ts";
import type { BinaryOperator, CompareOperator } from "./ast.ts";
import type { Budget } from "./budget.ts";
import { orderTexts } from "./characters.ts";
import { percentFormat } from "./percent-format.ts";
import { escapeHtml, toText } from "./text-form.ts";
import {
  Dict,
  findItems,
  hashOf,
  isList,
  isString,
  JinjaError,
  JinjaFloat,
  Markup,
  numberOf,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";

export function applyBinary(operator: BinaryOperator, left: Value, right: Value, budget: Budget): Value {
  if (left instanceof Undefined) return left.fail();
  if (operator === "%" && isString(left)) return formatText(left, right, budget);
  if (right instanceof Undefined) return right.fail();
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a !== null && b !== null) {
    return arithmetic(operator, a, b, left instanceof JinjaFloat || right instanceof JinjaFloat);
  }
  if (operator === "+") return add(left, right, budget);
  if (operator === "*") {
    if (typeof right === "number" || typeof right === "boolean") return repeat(left, Number(right), budget);
    if (typeof left === "number" || typeof left === "boolean") return repeat(right, Number(left), budget);
  }
  return unsupported(operator, left, right);
}

function unsupported(operator: BinaryOperator, left: Value, right: Value): never {
  const name = operator === "**" ? "** or pow()" : operator;
  throw new JinjaError(`unsupported operand type(s) for ${name}: '${typeName(left)}' and '${typeName(right)}'`);
}

function arithmetic(operator: BinaryOperator, a: number, b: number, isFloat: boolean): Value {
  const number = (value: number): Value => (isFloat ? new JinjaFloat(value) : checkedInteger(value));
  switch (operator) {
    case "+":
      return number(a + b);
    case "-":
      return number(a - b);
    case "*":
      return number(a * b);
    case "/":
      if (b === 0) throw new JinjaError(isFloat ? "float division by zero" : "division by zero");
      return new JinjaFloat(a / b);
    case "//":
      if (b === 0)
        throw new JinjaError(isFloat ? "float floor division by zero" : "integer division or modulo by zero");
      return number(Math.floor(a / b));
    case "%":
      if (b === 0) throw new JinjaError(isFloat ? "float modulo" : "integer division or modulo by zero");
      return number(a - Math.floor(a / b) * b);
    case "**":
      return isFloat || b < 0 ? new JinjaFloat(a ** b) : checkedInteger(a ** b);
    default:
      return unreachable(operator);
  }
}

/** Python's integers have no bound; a template that needs more than 2^53 is not known. */
export function checkedInteger(value: number): number {
  if (!Number.isSafeInteger(value)) throw new JinjaError("an integer is above 2^53");
  // Python has no negative zero among its integers.
  return value + 0;
}

function add(left: Value, right: Value, budget: Budget): Value {
  if (isString(left) && isString(right)) return addTexts(left, right, budget);
  if (isList(left) && isList(right)) {
    budget.step(left.length + right.length);
    return [...left, ...right];
  }
  if (left instanceof Tuple && right instanceof Tuple) {
    budget.step(left.items.length + right.items.length);
    return new Tuple([...left.items, ...right.items]);
  }
  for (const type of ["str", "list", "tuple"]) {
    if (typeName(left) === type) {
      throw new JinjaError(`can only concatenate ${type} (not "${typeName(right)}") to ${type}`);
    }
  }
  return unsupported("+", left, right);
}

/** Where one of two texts is safe, the other is escaped. */
function addTexts(left: string | Markup, right: string | Markup, budget: Budget): string | Markup {
  const isSafe = left instanceof Markup || right instanceof Markup;
  const [first, second] = isSafe ? [escapeHtml(left, budget).text, escapeHtml(right, budget).text] : [left, right];
  budget.checkLength(first.length + second.length);
  return isSafe ? new Markup(first + second) : first + second;
}

/** Values as one text. */
export function concatenate(parts: readonly Value[], separator: string, budget: Budget): string {
  const texts = parts.map((part) => toText(part, budget));
  const units = texts.reduce((sum, text) => sum + text.length, separator.length * parts.length);
  budget.copy(units);
  return texts.join(separator);
}

function repeat(value: Value, count: number, budget: Budget): Value {
  const times = Math.max(0, count);
  if (isString(value)) {
    const text = textOf(value);
    budget.copy(text.length * times);
    return value instanceof Markup ? new Markup(text.repeat(times)) : text.repeat(times);
  }
  const items = isList(value) ? value : value instanceof Tuple ? value.items : null;
  if (items === null) throw new JinjaError(`can't multiply sequence by non-int of type '${typeName(value)}'`);
  if (items.length === 0) return value;
  budget.step(items.length * times);
  const repeated = Array.from({ length: times }, () => items).flat();
  return isList(value) ? repeated : new Tuple(repeated);
}

function formatText(left: string | Markup, right: Value, budget: Budget): Value {
  if (!(left instanceof Markup)) return percentFormat(left, right, budget);
  return new Markup(percentFormat(left.text, right, budget, (value) => escapeHtml(value, budget)));
}

export function areEqual(left: Value, right: Value, budget: Budget): boolean {
  budget.step();
  if (isString(left) && isString(right)) return sameText(textOf(left), textOf(right), budget);
  if (left === right) return true;
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a !== null && b !== null) return a === b;
  if (left instanceof Undefined) return right instanceof Undefined;
  if (isList(left) && isList(right)) return sameItems(left, right, budget);
  if (left instanceof Tuple && right instanceof Tuple) return sameItems(left.items, right.items, budget);
  return left instanceof Dict && right instanceof Dict && sameFields(left, right, budget);
}

function sameText(left: string, right: string, budget: Budget): boolean {
  if (left.length !== right.length) return false;
  budget.scan(left.length);
  return left === right;
}

function sameItems(left: readonly Value[], right: readonly Value[], budget: Budget): boolean {
  return left.length === right.length && left.every((item, index) => areEqual(item, right[index] ?? null, budget));
}

function sameFields(left: Dict, right: Dict, budget: Budget): boolean {
  if (left.size !== right.size) return false;
  for (const [key, value] of left.entries()) {
    const other = right.get(key, budget);
    if (other === undefined || !areEqual(value, other, budget)) return false;
  }
  return true;
}

export function applyCompare(operator: CompareOperator, left: Value, right: Value, budget: Budget): boolean {
  switch (operator) {
    case "==":
      return areEqual(left, right, budget);
    case "!=":
      return !areEqual(left, right, budget);
    case "in":
      return contains(right, left, budget);
    case "not in":
      return !contains(right, left, budget);
    case "<":
      return order(operator, left, right, budget) < 0;
    case "<=":
      return order(operator, left, right, budget) <= 0;
    case ">":
      return order(operator, left, right, budget) > 0;
    case ">=":
      return order(operator, left, right, budget) >= 0;
    default:
      return unreachable(operator);
  }
}

/** Below, at or above 0. NaN, which is in no order, is below and above nothing. */
export function order(operator: string, left: Value, right: Value, budget: Budget): number {
  budget.step();
  if (left instanceof Undefined) return left.fail();
  if (right instanceof Undefined) return right.fail();
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a !== null && b !== null) return a - b;
  if (isString(left) && isString(right)) return orderTexts(textOf(left), textOf(right), budget);
  const sequences = isList(left) && isList(right) ? [left, right] : tuplesOf(left, right);
  if (sequences === null) {
    throw new JinjaError(
      `'${operator}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`,
    );
  }
  const [first = [], second = []] = sequences;
  const different = first.findIndex(
    (item, index) => index >= second.length || !areEqual(item, second[index] ?? null, budget),
  );
  if (different < 0 || different >= second.length) return first.length - second.length;
  return order(operator, first[different] ?? null, second[different] ?? null, budget);
}

function tuplesOf(left: Value, right: Value): readonly (readonly Value[])[] | null {
  return left instanceof Tuple && right instanceof Tuple ? [left.items, right.items] : null;
}

function contains(container: Value, item: Value, budget: Budget): boolean {
  if (isString(container)) {
    if (item instanceof Undefined) return item.fail();
    if (!isString(item)) {
      throw new JinjaError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    }
    budget.scan(textOf(container).length, textOf(item).length);
    return textOf(container).includes(textOf(item));
  }
  if (container instanceof Dict) {
    void hashOf(item, budget);
    return container.get(item, budget) !== undefined;
  }
  const items = findItems(container, budget);
  if (items === null) throw new JinjaError(`argument of type '${typeName(container)}' is not iterable`);
  return items.some((candidate) => areEqual(candidate, item, budget));
}

export function negate(value: Value): Value {
  if (value instanceof Undefined) return value.fail();
  if (value instanceof JinjaFloat) return new JinjaFloat(-value.value);
  const number = numberOf(value);
  if (number === null) throw new JinjaError(`bad operand type for unary -: '${typeName(value)}'`);
  return 0 - number;
}

export function plus(value: Value): Value {
  if (value instanceof Undefined) return value.fail();
  if (value instanceof JinjaFloat) return value;
  return numberOf(value) ?? raise(`bad operand type for unary +: '${typeName(value)}'`);
}

function raise(message: string): never {
  throw new JinjaError(message);
}
