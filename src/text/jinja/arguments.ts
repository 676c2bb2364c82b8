/** Arguments of filters, tests and functions by the names of their parameters, as Python binds them. */

import { type CallArguments, isString, JinjaError, textOf, typeName, type Value } from "./values.ts";

export const NO_CALL_ARGUMENTS: CallArguments = { positional: [], keywords: new Map() };

export type Bound<Name extends string> = { readonly [Key in Name]: Value | undefined };

/** Throws JinjaError for an argument that no parameter takes. */
export function bind<const Names extends readonly string[]>(
  callee: string,
  args: CallArguments,
  names: Names,
): Bound<Names[number]> {
  if (args.positional.length > names.length) {
    throw new JinjaError(`${callee}() takes at most ${names.length} arguments (${args.positional.length} given)`);
  }
  const bound: Record<string, Value | undefined> = {};
  for (const [index, name] of names.entries()) bound[name] = args.positional[index];
  for (const [name, value] of args.keywords) {
    if (!names.includes(name)) throw new JinjaError(`${callee}() got an unexpected keyword argument '${name}'`);
    if (bound[name] !== undefined) throw new JinjaError(`${callee}() got multiple values for argument '${name}'`);
    bound[name] = value;
  }
  return bound as Bound<Names[number]>;
}

/** An integer, or `byDefault` where none is given. */
export function toInteger(value: Value | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value === "number" || typeof value === "boolean") return Number(value);
  throw new JinjaError(`'${typeName(value)}' object cannot be interpreted as an integer`);
}

export function toString(value: Value | undefined, byDefault: string): string {
  if (value === undefined) return byDefault;
  if (isString(value)) return textOf(value);
  throw new JinjaError(`expected a str, got '${typeName(value)}'`);
}
