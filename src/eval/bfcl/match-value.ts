/**
 * Whether an argument's value is one of the right ones, by the leaderboard's rules for Python: strings are
 * compared without case and punctuation, lists element by element, dicts key by key. One difference: JSON
 * has one type of number, so 3 and 3.0 are the same here.
 */

import type { BfclSchema } from "./bfcl-case.ts";

type PythonType = "str" | "int" | "float" | "bool" | "list" | "dict";

const PYTHON_TYPES: Readonly<Record<string, PythonType>> = {
  string: "str",
  any: "str",
  integer: "int",
  float: "float",
  boolean: "bool",
  array: "list",
  tuple: "list",
  dict: "dict",
};

/** `right` lists values that are right; "" stands for leaving the argument out. */
export function matchesValue(value: unknown, right: readonly unknown[], schema: BfclSchema): boolean {
  const type = PYTHON_TYPES[schema.type ?? "any"] ?? "str";
  if (!isOfType(value, type)) {
    // A right answer of another type than the description's: a variable's name, or an expression.
    const other = right.find((each) => each !== "");
    return other !== undefined && sameKind(value, other) && isOneOf(value, right);
  }
  switch (type) {
    case "str":
      return isString(value) && right.some((each) => isString(each) && plain(each) === plain(value));
    case "dict":
      return right.some((each) => isDict(each) && isDict(value) && matchesDict(value, each));
    case "list":
      return matchesList(value as readonly unknown[], right, schema.items);
    case "int":
    case "float":
    case "bool":
      return isOneOf(value, right);
    default:
      return type satisfies never;
  }
}

function matchesList(value: readonly unknown[], right: readonly unknown[], items: BfclSchema | undefined): boolean {
  const lists = right.filter(Array.isArray) as readonly (readonly unknown[])[];
  const ofDicts = items?.type === "dict";
  return lists.some(
    (list) =>
      list.length === value.length &&
      list.every((each, index) => {
        const given = value[index];
        if (ofDicts) return isDict(given) && isDict(each) && matchesDict(given, each);
        return equal(standard(given), standard(each));
      }),
  );
}

/** A dict's right values are lists, as the arguments' own are. */
function matchesDict(value: Dict, right: Dict): boolean {
  const choices = (key: string): readonly unknown[] | null => {
    const listed = Object.hasOwn(right, key) ? right[key] : undefined;
    return Array.isArray(listed) ? (listed as readonly unknown[]) : null;
  };
  const known = Object.entries(value).every(([key, given]) => {
    const listed = choices(key);
    return listed !== null && listed.some((each) => equal(standard(given), standard(each)));
  });
  return known && Object.keys(right).every((key) => Object.hasOwn(value, key) || choices(key)?.includes("") === true);
}

type Dict = Readonly<Record<string, unknown>>;

const isString = (value: unknown): value is string => typeof value === "string";
const isDict = (value: unknown): value is Dict => typeof value === "object" && value !== null && !Array.isArray(value);

function isOfType(value: unknown, type: PythonType): boolean {
  switch (type) {
    case "str":
      return isString(value);
    case "int":
      return Number.isInteger(value);
    case "float":
      return typeof value === "number";
    case "bool":
      return typeof value === "boolean";
    case "list":
      return Array.isArray(value);
    case "dict":
      return isDict(value);
    default:
      return type satisfies never;
  }
}

function sameKind(left: unknown, right: unknown): boolean {
  return typeof left === typeof right && Array.isArray(left) === Array.isArray(right);
}

/** Without what people write differently: "April 1, 2024" is "april 1 2024". */
function plain(text: string): string {
  return text
    .replaceAll(/[ ,./\-_*^]/g, "")
    .toLowerCase()
    .replaceAll("'", '"');
}

const standard = (value: unknown): unknown => (isString(value) ? plain(value) : value);

const isOneOf = (value: unknown, right: readonly unknown[]): boolean => right.some((each) => equal(value, each));

function equal(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((each, index) => equal(each, right[index]));
  }
  if (isDict(left) && isDict(right)) {
    const keys = Object.keys(left);
    const isSame = (key: string): boolean => Object.hasOwn(right, key) && equal(left[key], right[key]);
    return keys.length === Object.keys(right).length && keys.every(isSame);
  }
  return left === right;
}
