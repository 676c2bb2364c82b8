/**
 * Filters over texts and numbers.
 * Source: https://jinja.palletsprojects.com/en/stable/templates/#builtin-filters
 */

import { bind, toInteger, toString } from "../arguments.ts";
import type { Budget } from "../budget.ts";
import { characterCount, offsetOf } from "../characters.ts";
import { concatenate } from "../operators.ts";
import { Output, replaceMatches } from "../output.ts";
import { percentFormat } from "../percent-format.ts";
import { capitalize, centered, replaceText, splitLines, splitWords, strip, titleCase } from "../string-methods.ts";
import { escapeHtml, type JsonForm, toJson, toText } from "../text-form.ts";
import {
  Dict,
  isIterable,
  isString,
  isTrue,
  itemsOf,
  JinjaError,
  JinjaFloat,
  Markup,
  numberOf,
  pairsOf,
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
    const text = toText(value, context.budget);
    context.budget.scan(text.length);
    const changed = change(text, value, args, context);
    context.budget.copy(changed.length);
    return value instanceof Markup ? new Markup(changed) : changed;
  };

const indent = ofText((text, _value, args, { budget }) => {
  const bound = bind("indent", args, ["width", "first", "blank"]);
  const [indentsFirst, indentsBlank] = [isTrue(bound.first ?? false), isTrue(bound.blank ?? false)];
  const width = bound.width ?? 4;
  const margin = isString(width) ? textOf(width) : " ".repeat(Math.min(10_000, Math.max(0, toInteger(width, 4))));
  const output = new Output(budget);
  for (const [index, line] of splitLines(`${text}\n`, budget).entries()) {
    const isIndented = index === 0 ? indentsFirst : indentsBlank || line !== "";
    output.push(index === 0 ? "" : "\n");
    output.push(isIndented ? margin : "");
    output.push(line);
  }
  return output.take();
});

const replace = ofText((text, _value, args, { budget }) => {
  const bound = bind("replace", args, ["old", "new", "count"]);
  const count = bound.count === undefined || bound.count === null ? -1 : toInteger(bound.count, -1);
  return replaceText(text, toText(bound.old ?? "", budget), toText(bound.new ?? "", budget), count, budget);
});

const truncate = ofText((text, _value, args) => {
  const bound = bind("truncate", args, ["length", "killwords", "end", "leeway"]);
  const length = toInteger(bound.length, 255);
  const end = toString(bound.end, "...");
  if (characterCount(text) <= length + toInteger(bound.leeway ?? undefined, 5)) return text;
  const cut = text.slice(0, offsetOf(text, Math.max(0, length - end.length)));
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

/** As in Python, which converts no longer ones. */
const MAX_DIGITS = 4300;

/** Python's int(): a float is cut off, and a text may have a point too. */
const int: Filter = (value, args, { budget }) => {
  const { default: instead = 0, base } = bind("int", args, ["default", "base"]);
  const number = numberOf(value);
  if (number !== null) return Number.isFinite(number) ? Math.trunc(number) + 0 : instead;
  if (!isString(value)) return value instanceof Undefined ? value.fail() : instead;
  budget.scan(textOf(value).length);
  const trimmed = textOf(value).trim();
  if (trimmed.length > MAX_DIGITS) return instead;
  const text = trimmed.replaceAll("_", "");
  const radix = toInteger(base, 10);
  const digits = radix === 16 ? text.replace(/^0x/i, "") : text;
  const isInteger = radix === 10 ? /^[+-]?\d+$/.test(digits) : /^[0-9a-z]+$/i.test(digits);
  const parsed = isInteger ? Number.parseInt(digits, radix) : Math.trunc(Number(text === "" ? Number.NaN : text));
  return Number.isSafeInteger(parsed) ? parsed + 0 : instead;
};

const float: Filter = (value, args, { budget }) => {
  const { default: instead = new JinjaFloat(0) } = bind("float", args, ["default"]);
  if (value instanceof Undefined) return value.fail();
  if (isString(value)) budget.scan(textOf(value).length);
  const number =
    numberOf(value) ?? (isString(value) && textOf(value).trim() !== "" ? Number(textOf(value)) : Number.NaN);
  return Number.isNaN(number) ? instead : new JinjaFloat(number);
};

/** Half to even, as Python rounds, for "common". */
const round: Filter = (value, args, { budget }) => {
  const { precision, method = "common" } = bind("round", args, ["precision", "method"]);
  const number = numberOf(value);
  if (number === null) throw new JinjaError(`type ${typeName(value)} doesn't define __round__ method`);
  const scale = 10 ** toInteger(precision, 0);
  const scaled = number * scale;
  switch (toText(method, budget)) {
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
    bound.separators instanceof Tuple || Array.isArray(bound.separators) ? itemsOf(bound.separators, budget) : [];
  const form: JsonForm = {
    indent: margin,
    itemSeparator: toString(separators[0], margin === null ? ", " : ","),
    keySeparator: toString(separators[1], ": "),
    sortKeys: isTrue(bound.sort_keys ?? false),
    asciiOnly: isTrue(bound.ensure_ascii ?? false),
  };
  return toJson(value, form, budget);
};

function urlQuote(part: Value, budget: Budget): string {
  const text = toText(part, budget);
  budget.scan(text.length);
  budget.copy(text.length * MAX_QUOTED);
  if (/\p{Surrogate}/u.test(text)) throw new JinjaError("a lone surrogate has no UTF-8 form");
  return replaceMatches(
    encodeURIComponent(text),
    /[!'()*]/g,
    budget,
    ([mark]) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Characters that one becomes, three bytes as %XX. */
const MAX_QUOTED = 9;

function urlencode(value: Value, budget: Budget): string {
  if (isString(value) || !isIterable(value)) return replaceText(urlQuote(value, budget), "%2F", "/", -1, budget);
  const pairs = value instanceof Dict ? pairsOf(value, budget) : itemsOf(value, budget);
  const fields = pairs.map((pair) => {
    budget.step();
    const [key = null, item = null] = itemsOf(pair, budget);
    return `${urlQuote(key, budget)}=${urlQuote(item, budget)}`;
  });
  return replaceText(concatenate(fields, "&", budget), "%20", "+", -1, budget);
}

/** As markupsafe has it: comments first, then tags. */
function withoutTags(text: string, budget: Budget): string {
  const bare = withoutSpans(withoutSpans(text, "<!--", "-->", budget), "<", ">", budget);
  return splitWords(bare, -1, false, budget).join(" ");
}

/** A span that does not end, and what is after it, stays. */
function withoutSpans(text: string, open: string, close: string, budget: Budget): string {
  const output = new Output(budget);
  let start = 0;
  for (;;) {
    budget.step();
    const from = text.indexOf(open, start);
    const to = from < 0 ? -1 : text.indexOf(close, from);
    if (to < 0) break;
    output.push(text.slice(start, from));
    start = to + close.length;
  }
  output.push(text.slice(start));
  return output.take();
}

function wordCount(text: string, budget: Budget): number {
  budget.scan(text.length);
  let count = 0;
  for (const _ of text.matchAll(/[\p{L}\p{N}_]+/gu)) {
    budget.step();
    count += 1;
  }
  return count;
}

const escape: Filter = (value, _args, { budget }) => escapeHtml(value, budget);

export const TEXT_FILTERS: Readonly<Record<string, Filter>> = {
  upper: ofText((text) => text.toUpperCase()),
  lower: ofText((text) => text.toLowerCase()),
  capitalize: ofText((text) => capitalize(text)),
  // Words begin after white space, brackets and hyphens.
  title: ofText((text, _value, _args, { budget }) => titleCase(text, /[^-\s({[<]+/g, budget)),
  trim: ofText((text, _value, args) => strip(text, bind("trim", args, ["chars"]).chars, true, true)),
  striptags: ofText((text, _value, _args, { budget }) => withoutTags(text, budget)),
  indent,
  replace,
  truncate,
  center,
  wordcount: (value, _args, { budget }) => wordCount(toText(value, budget), budget),
  string: (value, _args, { budget }) => (isString(value) ? value : toText(value, budget)),
  safe: (value, _args, { budget }) => new Markup(toText(value, budget)),
  escape,
  e: escape,
  forceescape: (value, _args, { budget }) => escapeHtml(toText(value, budget), budget),
  format(value, args, { budget }) {
    const given = args.keywords.size > 0 ? new Dict(args.keywords, budget) : new Tuple(args.positional);
    return percentFormat(toText(value, budget), given, budget);
  },
  urlencode: (value, _args, { budget }) => urlencode(value, budget),
  default: byDefault,
  d: byDefault,
  int,
  float,
  round,
  abs,
  tojson,
};
