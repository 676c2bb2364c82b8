/**
 * What stands after "is".
 * Source: https://jinja.palletsprojects.com/en/stable/templates/#builtin-tests
 */

import { bind } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { applyCompare } from "./operators.ts";
import { isCased } from "./string-methods.ts";
import { toText } from "./text-form.ts";
import type { CompareOperator } from "./ast.ts";
import {
  Callable,
  type CallArguments,
  Dict,
  isIterable,
  isList,
  isString,
  JinjaError,
  JinjaFloat,
  Markup,
  NativeObject,
  numberOf,
  Tuple,
  Undefined,
  type Value,
} from "./values.ts";

type Test = (value: Value, args: CallArguments, budget: Budget) => boolean;

const comparing =
  (operator: CompareOperator): Test =>
  (value, args, budget) =>
    applyCompare(operator, value, bind(operator, args, ["other"]).other ?? null, budget);

function remainder(value: Value, divisor: number): number {
  const number = numberOf(value);
  if (value instanceof Undefined) return value.fail();
  if (number === null) throw new JinjaError("not all arguments converted during string formatting");
  return number - Math.floor(number / divisor) * divisor;
}

function divides(value: Value, args: CallArguments): boolean {
  const divisor = numberOf(bind("divisibleby", args, ["num"]).num ?? null);
  if (divisor === null || divisor === 0) throw new JinjaError("integer division or modulo by zero");
  return remainder(value, divisor) === 0;
}

/** Has letters, all of one case. */
const cased =
  (upper: boolean): Test =>
  (value, _args, budget) => {
    const text = toText(value, budget);
    budget.scan(text.length);
    return isCased(text, upper);
  };

/** The same object in Python, which equal texts often are. */
function isSame(value: Value, args: CallArguments, budget: Budget): boolean {
  const { other } = bind("sameas", args, ["other"]);
  if (typeof value === "string") budget.scan(value.length);
  return value === other;
}

const isEqual = comparing("==");
const isUnequal = comparing("!=");

const TESTS: Readonly<Record<string, Test>> = {
  defined: (value) => !(value instanceof Undefined),
  undefined: (value) => value instanceof Undefined,
  none: (value) => value === null,
  boolean: (value) => typeof value === "boolean",
  true: (value) => value === true,
  false: (value) => value === false,
  integer: (value) => typeof value === "number",
  float: (value) => value instanceof JinjaFloat,
  number: (value) => numberOf(value) !== null,
  string: (value) => isString(value),
  mapping: (value) => value instanceof Dict,
  // Python asks for a length and for items by index, which dictionaries have too.
  sequence: (value) =>
    isString(value) || isList(value) || value instanceof Tuple || value instanceof Dict || value instanceof Undefined,
  iterable: isIterable,
  callable: (value) =>
    value instanceof Callable || value instanceof Undefined || (value instanceof NativeObject && value.call !== null),
  sameas: isSame,
  escaped: (value) => value instanceof Markup,
  odd: (value) => remainder(value, 2) === 1,
  even: (value) => remainder(value, 2) === 0,
  divisibleby: divides,
  lower: cased(false),
  upper: cased(true),
  in: comparing("in"),
  eq: isEqual,
  equalto: isEqual,
  "==": isEqual,
  ne: isUnequal,
  "!=": isUnequal,
  lt: comparing("<"),
  lessthan: comparing("<"),
  "<": comparing("<"),
  le: comparing("<="),
  "<=": comparing("<="),
  gt: comparing(">"),
  greaterthan: comparing(">"),
  ">": comparing(">"),
  ge: comparing(">="),
  ">=": comparing(">="),
};

export function hasTest(name: string): boolean {
  return Object.hasOwn(TESTS, name);
}

/** Throws JinjaError for a name that is no test's. */
export function applyTest(name: string, value: Value, args: CallArguments, budget: Budget): boolean {
  const test = hasTest(name) ? TESTS[name] : undefined;
  if (test === undefined) throw new JinjaError(`No test named '${name}'.`);
  return test(value, args, budget);
}
