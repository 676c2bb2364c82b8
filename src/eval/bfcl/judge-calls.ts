/** What is right of the calls that answered a case. */

import type { BfclCase, BfclFunction, BfclSchema, RightArguments } from "./bfcl-case.ts";
import { matchesValue } from "./match-value.ts";
import { offeredName } from "./offered-tool.ts";

export interface GivenCall {
  readonly name: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
}

export interface Verdict {
  /** There is a call, and each names an offered function, with an object of its parameters: all required, none unknown, of their types. */
  readonly wellFormed: boolean;
  /** As many calls as are right, of the right functions. */
  readonly rightFunction: boolean;
  /** Each right call was made, in any order: what the leaderboard counts as correct. */
  readonly rightArguments: boolean;
}

export function judgeCalls({ functions, answers }: BfclCase, calls: readonly GivenCall[]): Verdict {
  const byName = new Map(functions.map((each) => [offeredName(each.name), each]));
  const given = calls.map(({ name, arguments: json }) => ({ name, input: parseObject(json) }));
  const wellFormed =
    given.length > 0 &&
    given.every(({ name, input }) => {
      const called = byName.get(name);
      return called !== undefined && input !== null && fits(input, { ...called.parameters, type: "dict" });
    });
  const wanted = answers.flatMap((answer) =>
    Object.entries(answer).map(([name, right]) => ({ name: offeredName(name), right })),
  );
  const left = [...given];
  const rightArguments =
    given.length === wanted.length &&
    wanted.every(({ name, right }) => {
      const called = byName.get(name);
      const index = left.findIndex(
        (call) =>
          call.name === name && call.input !== null && called !== undefined && matches(call.input, right, called),
      );
      if (index >= 0) left.splice(index, 1);
      return index >= 0;
    });
  return { wellFormed, rightFunction: namesOf(given) === namesOf(wanted), rightArguments };
}

const namesOf = (calls: readonly { readonly name: string }[]): string =>
  JSON.stringify(calls.map(({ name }) => name).toSorted());

type Input = Readonly<Record<string, unknown>>;

function matches(input: Input, right: RightArguments, { parameters }: BfclFunction): boolean {
  const { properties = {}, required = [] } = parameters;
  if (required.some((name) => !Object.hasOwn(input, name))) return false;
  const known = Object.entries(input).every(([name, value]) => {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const values = Object.hasOwn(right, name) ? right[name] : undefined;
    return schema !== undefined && values !== undefined && matchesValue(value, values, schema);
  });
  return known && Object.entries(right).every(([name, values]) => Object.hasOwn(input, name) || values.includes(""));
}

/** Whether `value` is of the type that `schema` describes, all the way down. */
function fits(value: unknown, { type = "any", properties, required = [], items, enum: listed }: BfclSchema): boolean {
  if (Array.isArray(listed) && !isListed(value, listed)) return false;
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "float":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "array":
    case "tuple":
      return Array.isArray(value) && (items === undefined || value.every((each) => fits(each, items)));
    case "dict": {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
      if (required.some((name) => !Object.hasOwn(value, name))) return false;
      if (properties === undefined) return true;
      return Object.entries(value).every(([name, inner]: [string, unknown]) => {
        const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
        return schema !== undefined && fits(inner, schema);
      });
    }
    default:
      return typeof value === "string";
  }
}

/** Beside a list's items some cases list what those may be. */
function isListed(value: unknown, listed: readonly unknown[]): boolean {
  const ofItems = Array.isArray(value) && !listed.some((each) => Array.isArray(each));
  return ofItems ? value.every((each) => listed.includes(each)) : listed.includes(value);
}

function parseObject(json: string): Input | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Input) : null;
  } catch {
    return null;
  }
}
