/** Python's `"%s and %.2f" % (a, b)`, and the number formats that str.format() shares with it. */

import type { Budget } from "./budget.ts";
import { replaceMatches } from "./output.ts";
import { toRepr, toText } from "./text-form.ts";
import { Dict, isList, JinjaError, numberOf, Tuple, typeName, type Value } from "./values.ts";

/** Flags are few, so that no more than a few of a text's ends are tried where a specification has none. */
const SPEC = /%(?:\((\w+)\))?([-+ 0#]{0,8})(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;
/** Widths and precisions beyond it would only fill memory. */
const MAX_WIDTH = 10_000;

/** `prepare` is applied to what %s shows. */
export function percentFormat(
  template: string,
  values: Value,
  budget: Budget,
  prepare: (value: Value) => Value = (value) => value,
): string {
  const list = values instanceof Tuple ? values.items : [values];
  let used = 0;
  const next = (): Value => {
    const value = list[used];
    used += 1;
    if (value === undefined) throw new JinjaError("not enough arguments for format string");
    return value;
  };
  const text = replaceMatches(template, SPEC, budget, ([, name, flags = "", width, precision, type = "s"]) => {
    if (type === "%") return "%";
    const value = name === undefined ? next() : valueOf(values, name, budget);
    return pad(show(prepare(value), type, flags, precision, budget), flags, Number(width ?? 0));
  });
  // Dictionaries and lists may hold more than is shown.
  if (used < list.length && !(values instanceof Dict || isList(values))) {
    throw new JinjaError("not all arguments converted during string formatting");
  }
  return text;
}

function valueOf(values: Value, name: string, budget: Budget): Value {
  if (!(values instanceof Dict)) throw new JinjaError("format requires a mapping");
  const value = values.get(name, budget);
  if (value === undefined) throw new JinjaError(`'${name}'`);
  return value;
}

function show(value: Value, type: string, flags: string, precision: string | undefined, budget: Budget): string {
  switch (type) {
    case "s":
      return toText(value, budget).slice(0, precision === undefined ? undefined : Number(precision));
    case "r":
      return toRepr(value, budget);
    default:
      return formatNumber(value, type, flags, precision);
  }
}

/** A number as %d, %f, %e, %g, %x or %o show it. Throws JinjaError for another value or type. */
export function formatNumber(value: Value, type: string, flags: string, precision: string | undefined): string {
  const number = numberOf(value);
  if (number === null) {
    const wanted = "diu".includes(type) ? "a real number is required" : "must be real number";
    throw new JinjaError(`%${type} format: ${wanted}, not ${typeName(value)}`);
  }
  const sign = number < 0 ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  return sign + digitsOf(Math.abs(number), type, precision);
}

function digitsOf(size: number, type: string, precision: string | undefined): string {
  const places = Math.min(100, Number(precision ?? 6));
  switch (type) {
    case "d":
    case "i":
    case "u":
      return String(Math.trunc(size));
    case "f":
    case "F":
      return size.toFixed(places);
    case "e":
      return size.toExponential(places).replace(/e([+-])(\d)$/, "e$10$2");
    case "g":
      return String(Number(size.toPrecision(Math.max(1, places))));
    case "x":
      return Math.trunc(size).toString(16);
    case "X":
      return Math.trunc(size).toString(16).toUpperCase();
    case "o":
      return Math.trunc(size).toString(8);
    default:
      throw new JinjaError(`unsupported format character '${type}'`);
  }
}

function pad(text: string, flags: string, width: number): string {
  if (width > MAX_WIDTH) throw new JinjaError(`a width is above ${MAX_WIDTH}`);
  if (flags.includes("-")) return text.padEnd(width);
  if (!flags.includes("0")) return text.padStart(width);
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}
