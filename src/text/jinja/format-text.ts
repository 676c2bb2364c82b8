/** Python's str.format(): fields by position or name, but not their attributes, with the common specifications. */

import type { Budget } from "./budget.ts";
import { replaceMatches } from "./output.ts";
import { formatNumber } from "./percent-format.ts";
import { toRepr, toText } from "./text-form.ts";
import { type CallArguments, JinjaError, numberOf, type Value } from "./values.ts";

const FIELD = /\{\{|\}\}|\{([^{}!:]*)(?:!([rs]))?(?::([^{}]*))?\}|[{}]/g;
const SPEC = /^(?:(.)?([<>^=]))?([-+ ]?)(0?)(\d*)(,?)(?:\.(\d+))?([bcdeEfFgGnosxX%]?)$/su;

export function formatText(template: string, args: CallArguments, budget: Budget): string {
  let automatic = 0;
  return replaceMatches(template, FIELD, budget, ([whole, path, conversion, spec = ""]) => {
    if (whole === "{{") return "{";
    if (whole === "}}") return "}";
    if (path === undefined) throw new JinjaError(`Single '${whole}' encountered in format string`);
    const value = resolve(path === "" ? String(automatic++) : path, args);
    return applySpec(conversion === "r" ? toRepr(value, budget) : value, spec, budget);
  });
}

/** "0" or "name". */
function resolve(path: string, args: CallArguments): Value {
  const isIndex = /^\d+$/.test(path);
  const found = isIndex ? args.positional[Number(path)] : args.keywords.get(path);
  if (found !== undefined) return found;
  throw new JinjaError(isIndex ? `Replacement index ${path} out of range for positional args tuple` : `'${path}'`);
}

function applySpec(value: Value, spec: string, budget: Budget): string {
  if (spec === "") return toText(value, budget);
  const found = SPEC.exec(spec);
  if (found === null) throw new JinjaError("Invalid format specifier");
  const [, fill = " ", align, sign = "", zero = "", width = "", comma, precision, type = ""] = found;
  const isNumber = numberOf(value) !== null && type !== "s";
  const shown = isNumber
    ? showNumber(value, sign, comma === ",", precision, type, budget)
    : toText(value, budget).slice(0, precision === undefined ? undefined : Number(precision));
  if (Number(width) > 10_000) throw new JinjaError("a width is above 10000");
  if (zero !== "" && align === undefined) return shown.padStart(Number(width), "0");
  return padTo(shown, Number(width), align ?? (isNumber ? ">" : "<"), fill);
}

function showNumber(
  value: Value,
  sign: string,
  grouped: boolean,
  precision: string | undefined,
  type: string,
  budget: Budget,
): string {
  if (type === "%") return `${formatNumber((numberOf(value) ?? 0) * 100, "f", sign, precision)}%`;
  const plain = type === "" && precision === undefined;
  const text = plain
    ? (sign === "+" && (numberOf(value) ?? 0) >= 0 ? "+" : "") + toText(value, budget)
    : formatNumber(value, type === "" ? "g" : type, sign, precision);
  return grouped ? text.replace(/^([+-]?\d+)/, (digits) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",")) : text;
}

function padTo(text: string, width: number, align: string, fill: string): string {
  const missing = Math.max(0, width - text.length);
  if (align === "<") return text + fill.repeat(missing);
  if (align === "^") return fill.repeat(Math.floor(missing / 2)) + text + fill.repeat(Math.ceil(missing / 2));
  return fill.repeat(missing) + text;
}
