/** Python's methods of strings. */

import { bind, toInteger, toString } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { formatText } from "./format-text.ts";
import {
  type CallArguments,
  characterCount,
  isString,
  itemsOf,
  JinjaError,
  textOf,
  Tuple,
  typeName,
  type Value,
} from "./values.ts";

export type StringMethod = (text: string, args: CallArguments, budget: Budget) => Value;

/** Without the characters of `chars`, or white space, at its ends. */
export function strip(text: string, chars: Value | undefined, left: boolean, right: boolean): string {
  const wanted = chars === undefined || chars === null ? null : new Set(toString(chars, ""));
  const isStripped = (unit: string): boolean => (wanted === null ? /\p{White_Space}/u.test(unit) : wanted.has(unit));
  let start = 0;
  let end = text.length;
  if (left) while (start < end && isStripped(text.charAt(start))) start += 1;
  if (right) while (end > start && isStripped(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Words with their first letter as a capital and the others small. */
export function titleCase(text: string): string {
  return text.replace(/\p{L}+/gu, (word) => capitalize(word));
}

export function capitalize(text: string): string {
  const [first = ""] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

const stripping =
  (left: boolean, right: boolean): StringMethod =>
  (text, args) =>
    strip(text, bind("strip", args, ["chars"]).chars, left, right);

const matching =
  (matches: (text: string, affix: string) => boolean): StringMethod =>
  (text, args) => {
    const { affix = null } = bind("startswith", args, ["affix"]);
    const candidates = affix instanceof Tuple ? affix.items : [affix];
    return candidates.some((candidate) => matches(text, toString(candidate, "")));
  };

/** True for a text of at least one character, all of which match. */
const consisting =
  (pattern: RegExp): StringMethod =>
  (text) =>
    pattern.test(text);

const cased =
  (upper: boolean): StringMethod =>
  (text) =>
    (upper ? text.toUpperCase() : text.toLowerCase()) === text && text.toLowerCase() !== text.toUpperCase();

/** Of an odd rest the larger half is on the right, but for odd widths. */
export function centered(text: string, width: number, fill: string): string {
  const missing = Math.max(0, width - characterCount(text));
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

const padding =
  (pad: (text: string, missing: number, fill: string) => string): StringMethod =>
  (text, args, budget) => {
    const { width, fillchar } = bind("ljust", args, ["width", "fillchar"]);
    const missing = Math.max(0, toInteger(width, 0) - characterCount(text));
    budget.checkLength(missing);
    return pad(text, missing, toString(fillchar, " "));
  };

/** White space at both ends goes away, and runs of it cut; at most `limit` cuts. */
function splitWords(text: string, limit: number, fromRight: boolean): readonly string[] {
  const words = text.match(/\P{White_Space}+/gu) ?? [];
  if (limit < 0 || words.length <= limit + 1) return words;
  if (fromRight) return restFromRight(text, limit);
  const head = words.slice(0, limit);
  let rest = strip(text, undefined, true, false);
  for (const word of head) rest = strip(rest.slice(word.length), undefined, true, false);
  return [...head, rest];
}

function restFromRight(text: string, limit: number): readonly string[] {
  const tail: string[] = [];
  let rest = strip(text, undefined, false, true);
  while (tail.length < limit) {
    const word = /\P{White_Space}+$/u.exec(rest)?.[0] ?? "";
    tail.unshift(word);
    rest = strip(rest.slice(0, rest.length - word.length), undefined, false, true);
  }
  return [rest, ...tail];
}

function splitBy(text: string, separator: string, limit: number, fromRight: boolean): readonly string[] {
  if (separator === "") throw new JinjaError("empty separator");
  const parts = text.split(separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return fromRight
    ? [parts.slice(0, parts.length - limit).join(separator), ...parts.slice(parts.length - limit)]
    : [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

const splitting =
  (fromRight: boolean): StringMethod =>
  (text, args, budget) => {
    const { sep, maxsplit } = bind("split", args, ["sep", "maxsplit"]);
    const limit = toInteger(maxsplit, -1);
    const isWhite = sep === undefined || sep === null;
    const parts = isWhite ? splitWords(text, limit, fromRight) : splitBy(text, toString(sep, ""), limit, fromRight);
    budget.step(parts.length);
    return parts;
  };

const finding =
  (last: boolean, strict: boolean): StringMethod =>
  (text, args) => {
    const { sub, start } = bind("find", args, ["sub", "start"]);
    const wanted = toString(sub, "");
    const from = toInteger(start, 0);
    const index = last ? text.lastIndexOf(wanted) : text.indexOf(wanted, from < 0 ? from + text.length : from);
    if (index < 0 && strict) throw new JinjaError("substring not found");
    return index < 0 ? -1 : characterCount(text.slice(0, index));
  };

const partitioning =
  (last: boolean): StringMethod =>
  (text, args) => {
    const separator = toString(bind("partition", args, ["sep"]).sep, "");
    if (separator === "") throw new JinjaError("empty separator");
    const index = last ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (index < 0) return new Tuple(last ? ["", "", text] : [text, "", ""]);
    return new Tuple([text.slice(0, index), separator, text.slice(index + separator.length)]);
  };

export function replaceText(text: string, from: string, to: string, count: number, budget: Budget): string {
  const parts = count < 0 ? text.split(from) : splitBy(text, from, count, false);
  budget.step(parts.length);
  budget.checkLength(text.length + parts.length * to.length);
  return parts.join(to);
}

export function joinTexts(separator: string, values: Value, budget: Budget): string {
  const items = itemsOf(values);
  budget.step(items.length);
  const texts = items.map((item, index) => {
    if (isString(item)) return textOf(item);
    throw new JinjaError(`sequence item ${index}: expected str instance, ${typeName(item)} found`);
  });
  budget.checkLength(texts.reduce((sum, text) => sum + text.length + separator.length, 0));
  return texts.join(separator);
}

const LINE_ENDS = /\r\n|[\n\r\v\f\x85\u2028\u2029]/;

export const STRING_METHODS: ReadonlyMap<string, StringMethod> = new Map<string, StringMethod>([
  ["upper", (text) => text.toUpperCase()],
  ["lower", (text) => text.toLowerCase()],
  ["casefold", (text) => text.toLowerCase()],
  ["capitalize", (text) => capitalize(text)],
  ["title", (text) => titleCase(text)],
  [
    "swapcase",
    (text) =>
      text.replace(/\p{L}/gu, (letter) =>
        letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
      ),
  ],
  ["strip", stripping(true, true)],
  ["lstrip", stripping(true, false)],
  ["rstrip", stripping(false, true)],
  ["startswith", matching((text, affix) => text.startsWith(affix))],
  ["endswith", matching((text, affix) => text.endsWith(affix))],
  ["removeprefix", (text, args) => withoutAffix(text, toString(args.positional[0], ""), true)],
  ["removesuffix", (text, args) => withoutAffix(text, toString(args.positional[0], ""), false)],
  ["isalpha", consisting(/^\p{L}+$/u)],
  ["isdigit", consisting(/^[\p{Nd}²³¹⁰⁴-⁹₀-₉]+$/u)],
  ["isdecimal", consisting(/^\p{Nd}+$/u)],
  ["isnumeric", consisting(/^\p{N}+$/u)],
  ["isalnum", consisting(/^[\p{L}\p{N}]+$/u)],
  ["isspace", consisting(/^\s+$/)],
  ["isupper", cased(true)],
  ["islower", cased(false)],
  ["ljust", padding((text, missing, fill) => text + fill.repeat(missing))],
  ["rjust", padding((text, missing, fill) => fill.repeat(missing) + text)],
  ["center", padding((text, missing, fill) => centered(text, characterCount(text) + missing, fill))],
  ["zfill", padding((text, missing) => zeroFilled(text, missing))],
  ["split", splitting(false)],
  ["rsplit", splitting(true)],
  ["splitlines", (text) => splitLines(text)],
  ["partition", partitioning(false)],
  ["rpartition", partitioning(true)],
  ["find", finding(false, false)],
  ["rfind", finding(true, false)],
  ["index", finding(false, true)],
  ["rindex", finding(true, true)],
  ["count", (text, args) => text.split(toString(args.positional[0], "")).length - 1],
  ["join", (text, args, budget) => joinTexts(text, args.positional[0] ?? null, budget)],
  ["format", (text, args, budget) => formatText(text, args, budget)],
  ["replace", replaceMethod],
]);

function replaceMethod(text: string, args: CallArguments, budget: Budget): string {
  const bound = bind("replace", args, ["old", "new", "count"]);
  return replaceText(text, toString(bound.old, ""), toString(bound.new, ""), toInteger(bound.count, -1), budget);
}

function withoutAffix(text: string, affix: string, atStart: boolean): string {
  if (affix === "") return text;
  if (atStart) return text.startsWith(affix) ? text.slice(affix.length) : text;
  return text.endsWith(affix) ? text.slice(0, -affix.length) : text;
}

function zeroFilled(text: string, missing: number): string {
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

export function splitLines(text: string): readonly string[] {
  const lines = text.split(LINE_ENDS);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}
