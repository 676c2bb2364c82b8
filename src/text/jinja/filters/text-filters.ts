/**
 * Filters over texts and numbers.
 * Source: https://jinja.palletsprojects.com/en/stable/templates/#builtin-filters
 */

import { bind, toInteger, toString } from "../arguments.ts";
import { percentFormat } from "../percent-format.ts";
import { capitalize, centered, replaceText, splitLines, strip } from "../string-methods.ts";
import { escapeHtml, type JsonForm, toJson, toText } from "../text-form.ts";
import {
  Dict,
  findItems,
  isString,
  isTrue,
  itemsOf,
  JinjaError,
  JinjaFloat,
  Markup,
  numberOf,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "../values.ts";
import type { Filter } from "./filter.ts";

/** A filter of the value's text; safe text stays so. */
const ofText =
  (change: (text: string, ...rest: Parameters<Filter>) => string): Filter =>
  (value, args, context) => {
    const changed = change(toText(value), value, args, context);
    context.budget.checkLength(changed.length);
    context.budget.copy(changed.length);
    return value instanceof Markup ? new Markup(changed) : changed;
  };

/** Words begin after white space, brackets and hyphens. */
function title(text: string): string {
  return text
    .split(/([-\s({[<]+)/)
    .map((word) => capitalize(word))
    .join("");
}

const indent = ofText((text, _value, args) => {
  const bound = bind("indent", args, ["width", "first", "blank"]);
  const width = bound.width ?? 4;
  const margin = isString(width) ? textOf(width) : " ".repeat(Math.min(10_000, toInteger(width, 4)));
  const [first = "", ...rest] = splitLines(`${text}\n`);
  const isIndented = (line: string): boolean => isTrue(bound.blank ?? false) || line !== "";
  const lines = rest.map((line) => (isIndented(line) ? margin + line : line));
  return [isTrue(bound.first ?? false) ? margin + first : first, ...lines].join("\n");
});

const replace = ofText((text, _value, args, { budget }) => {
  const bound = bind("replace", args, ["old", "new", "count"]);
  const count = bound.count === undefined || bound.count === null ? -1 : toInteger(bound.count, -1);
  const [from, to] = [toText(bound.old ?? ""), toText(bound.new ?? "")];
  // Python finds the empty text between all characters.
  if (from === "") return to + Array.from(text, (character) => character + to).join("");
  return replaceText(text, from, to, count, budget);
});

const truncate = ofText((text, _value, args) => {
  const bound = bind("truncate", args, ["length", "killwords", "end", "leeway"]);
  const length = toInteger(bound.length, 255);
  const end = toString(bound.end, "...");
  const characters = Array.from(text);
  if (characters.length <= length + toInteger(bound.leeway ?? undefined, 5)) return text;
  const cut = characters.slice(0, Math.max(0, length - end.length)).join("");
  return isTrue(bound.killwords ?? false)
    ? cut + end
    : cut.slice(0, cut.lastIndexOf(" ") < 0 ? cut.length : cut.lastIndexOf(" ")) + end;
});

const center = ofText((text, _value, args, { budget }) => {
  const width = toInteger(bind("center", args, ["width"]).width, 80);
  budget.checkLength(width);
  return centered(text, width, " ");
});

const byDefault: Filter = (value, args) => {
  const { default_value: instead = "", boolean = false } = bind("default", args, ["default_value", "boolean"]);
  return value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? instead : value;
};

/** Python's int(): a float is cut off, and a text may have a point too. */
const int: Filter = (value, args) => {
  const { default: instead = 0, base } = bind("int", args, ["default", "base"]);
  const number = numberOf(value);
  if (number !== null) return Number.isFinite(number) ? Math.trunc(number) + 0 : instead;
  if (!isString(value)) return value instanceof Undefined ? value.fail() : instead;
  const text = textOf(value).trim().replaceAll("_", "");
  const radix = toInteger(base, 10);
  const digits = radix === 16 ? text.replace(/^0x/i, "") : text;
  const isInteger = radix === 10 ? /^[+-]?\d+$/.test(digits) : /^[0-9a-z]+$/i.test(digits);
  const parsed = isInteger ? Number.parseInt(digits, radix) : Math.trunc(Number(text === "" ? Number.NaN : text));
  return Number.isSafeInteger(parsed) ? parsed + 0 : instead;
};

const float: Filter = (value, args) => {
  const { default: instead = new JinjaFloat(0) } = bind("float", args, ["default"]);
  const number =
    numberOf(value) ?? (isString(value) && textOf(value).trim() !== "" ? Number(textOf(value)) : Number.NaN);
  if (value instanceof Undefined) return value.fail();
  return Number.isNaN(number) ? instead : new JinjaFloat(number);
};

/** Half to even, as Python rounds, for "common". */
const round: Filter = (value, args) => {
  const { precision, method = "common" } = bind("round", args, ["precision", "method"]);
  const number = numberOf(value);
  if (number === null) throw new JinjaError(`type ${typeName(value)} doesn't define __round__ method`);
  const scale = 10 ** toInteger(precision, 0);
  const scaled = number * scale;
  switch (toText(method)) {
    case "ceil":
      return new JinjaFloat(Math.ceil(scaled) / scale);
    case "floor":
      return new JinjaFloat(Math.floor(scaled) / scale);
    case "common": {
      if (!(value instanceof JinjaFloat) && scale >= 1) return number;
      const isHalf = Math.abs(scaled - Math.trunc(scaled)) === 0.5;
      return new JinjaFloat((isHalf ? 2 * Math.round(scaled / 2) : Math.round(scaled)) / scale);
    }
    default:
      throw new JinjaError("method must be common, ceil or floor");
  }
};

const abs: Filter = (value) => {
  const number = numberOf(value);
  if (number === null) throw new JinjaError(`bad operand type for abs(): '${typeName(value)}'`);
  return value instanceof JinjaFloat ? new JinjaFloat(Math.abs(number)) : Math.abs(number);
};

/** As apply_chat_template has it: no HTML escapes, and characters beyond ASCII as they are. */
const tojson: Filter = (value, args, { budget }) => {
  const bound = bind("tojson", args, ["indent", "ensure_ascii", "separators", "sort_keys"]);
  const indentBy = bound.indent ?? null;
  const margin =
    indentBy === null
      ? null
      : isString(indentBy)
        ? textOf(indentBy)
        : " ".repeat(Math.min(100, Math.max(0, toInteger(indentBy, 0))));
  const separators =
    bound.separators instanceof Tuple || Array.isArray(bound.separators) ? itemsOf(bound.separators) : [];
  const form: JsonForm = {
    indent: margin,
    itemSeparator: toString(separators[0], margin === null ? ", " : ","),
    keySeparator: toString(separators[1], ": "),
    sortKeys: isTrue(bound.sort_keys ?? false),
    asciiOnly: isTrue(bound.ensure_ascii ?? false),
  };
  const json = toJson(value, form);
  budget.checkLength(json.length);
  budget.copy(json.length);
  return json;
};

function urlQuote(part: Value): string {
  return encodeURIComponent(toText(part)).replace(
    /[!'()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function urlencode(value: Value): string {
  if (isString(value) || findItems(value) === null) return urlQuote(value).replaceAll("%2F", "/");
  const pairs = value instanceof Dict ? value.entries() : itemsOf(value).map((pair) => itemsOf(pair));
  const fields = pairs.map(([key = null, item = null]) => `${urlQuote(key)}=${urlQuote(item)}`);
  return fields.join("&").replaceAll("%20", "+");
}

export const TEXT_FILTERS: Readonly<Record<string, Filter>> = {
  upper: ofText((text) => text.toUpperCase()),
  lower: ofText((text) => text.toLowerCase()),
  capitalize: ofText((text) => capitalize(text)),
  title: ofText((text) => title(text)),
  trim: ofText((text, _value, args) => strip(text, bind("trim", args, ["chars"]).chars, true, true)),
  striptags: ofText((text) =>
    text
      .replace(/<!--[^]*?-->|<[^>]*>/g, "")
      .replace(/\s+/g, " ")
      .trim(),
  ),
  indent,
  replace,
  truncate,
  center,
  wordcount: (value) => (toText(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length,
  string: (value) => (isString(value) ? value : toText(value)),
  safe: (value) => new Markup(toText(value)),
  escape: (value) => escapeHtml(value),
  e: (value) => escapeHtml(value),
  forceescape: (value) => escapeHtml(toText(value)),
  format: (value, args) =>
    percentFormat(
      toText(value),
      args.keywords.size > 0 ? new Dict(args.keywords) : new Tuple(args.positional),
      (item) => item,
    ),
  urlencode: (value) => urlencode(value),
  default: byDefault,
  d: byDefault,
  int,
  float,
  round,
  abs,
  tojson,
};
