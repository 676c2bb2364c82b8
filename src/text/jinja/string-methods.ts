/** Python's methods of strings. */

import { bind, toInteger, toString } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { characterCount, occurrences } from "./characters.ts";
import { formatText } from "./format-text.ts";
import { Output, replaceMatches } from "./output.ts";
import { type CallArguments, isString, itemsOf, JinjaError, textOf, Tuple, typeName, type Value } from "./values.ts";

export type StringMethod = (text: string, args: CallArguments, budget: Budget) => Value;

/** \p{White_Space}; a set is several times as fast as a pattern for one character after the other. */
const WHITE_SPACE: ReadonlySet<string> = new Set(
  "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000",
);

/** Without the characters of `chars`, or white space, at its ends. */
export function strip(text: string, chars: Value | undefined, left: boolean, right: boolean): string {
  const stripped = chars === undefined || chars === null ? WHITE_SPACE : new Set(toString(chars, ""));
  let start = 0;
  let end = text.length;
  if (left) while (start < end && stripped.has(text.charAt(start))) start += 1;
  if (right) while (end > start && stripped.has(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** What the pattern finds with its first letter as a capital and the others small. */
export function titleCase(text: string, words: RegExp, budget: Budget): string {
  return replaceMatches(text, words, budget, ([word]) => capitalize(word));
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
  (text, args, budget) => {
    const { affix = null } = bind("startswith", args, ["affix"]);
    const candidates = affix instanceof Tuple ? affix.items : [affix];
    budget.step(candidates.length);
    return candidates.some((candidate) => matches(text, toString(candidate, "")));
  };

/** True for a text of at least one character, all of which match. */
const consisting =
  (pattern: RegExp): StringMethod =>
  (text) =>
    pattern.test(text);

/** Has letters, all of one case. */
export function isCased(text: string, upper: boolean): boolean {
  return text.toLowerCase() !== text.toUpperCase() && text === (upper ? text.toUpperCase() : text.toLowerCase());
}

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
    const fill = toString(fillchar, " ");
    if (characterCount(fill) !== 1) throw new JinjaError("The fill character must be exactly one character long");
    budget.checkLength(text.length + missing * fill.length);
    return pad(text, missing, fill);
  };

/** White space at both ends goes away, and runs of it cut; at most `limit` cuts. */
export function splitWords(text: string, limit: number, fromRight: boolean, budget: Budget): readonly string[] {
  const words: string[] = [];
  const starts: number[] = [];
  for (const { 0: word, index } of text.matchAll(/\P{White_Space}+/gu)) {
    budget.step();
    words.push(word);
    starts.push(index);
  }
  if (limit < 0 || words.length <= limit + 1) return words;
  if (!fromRight) return [...words.slice(0, limit), text.slice(starts[limit])];
  const kept = words.length - limit;
  return [strip(text.slice(0, starts[kept]), undefined, false, true), ...words.slice(kept)];
}

export function splitBy(
  text: string,
  separator: string,
  limit: number,
  fromRight: boolean,
  budget: Budget,
): readonly string[] {
  if (separator === "") throw new JinjaError("empty separator");
  const found = [...occurrences(text, separator, budget)];
  const unused = limit < 0 ? 0 : Math.max(0, found.length - limit);
  const cuts = fromRight ? found.slice(unused) : found.slice(0, found.length - unused);
  let start = 0;
  const parts = cuts.map((cut) => {
    const part = text.slice(start, cut);
    start = cut + separator.length;
    return part;
  });
  return [...parts, text.slice(start)];
}

const splitting =
  (fromRight: boolean): StringMethod =>
  (text, args, budget) => {
    const { sep, maxsplit } = bind("split", args, ["sep", "maxsplit"]);
    const limit = toInteger(maxsplit, -1);
    return sep === undefined || sep === null
      ? splitWords(text, limit, fromRight, budget)
      : splitBy(text, toString(sep, ""), limit, fromRight, budget);
  };

const finding =
  (last: boolean, strict: boolean): StringMethod =>
  (text, args, budget) => {
    const { sub, start } = bind("find", args, ["sub", "start"]);
    const wanted = toString(sub, "");
    budget.scan(text.length, wanted.length);
    const from = toInteger(start, 0);
    const index = last ? text.lastIndexOf(wanted) : text.indexOf(wanted, from < 0 ? from + text.length : from);
    if (index < 0 && strict) throw new JinjaError("substring not found");
    return index < 0 ? -1 : characterCount(text.slice(0, index));
  };

const partitioning =
  (last: boolean): StringMethod =>
  (text, args, budget) => {
    const separator = toString(bind("partition", args, ["sep"]).sep, "");
    if (separator === "") throw new JinjaError("empty separator");
    budget.scan(text.length, separator.length);
    const index = last ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (index < 0) return new Tuple(last ? ["", "", text] : [text, "", ""]);
    return new Tuple([text.slice(0, index), separator, text.slice(index + separator.length)]);
  };

/** All of them for a count below 0. */
export function replaceText(text: string, from: string, to: string, count: number, budget: Budget): string {
  const output = new Output(budget);
  let end = 0;
  let replaced = 0;
  for (const start of occurrences(text, from, budget)) {
    if (replaced === count) break;
    output.push(text.slice(end, start));
    output.push(to);
    end = start + from.length;
    replaced += 1;
  }
  output.push(text.slice(end));
  return output.take();
}

export function joinTexts(separator: string, values: Value, budget: Budget): string {
  const items = itemsOf(values, budget);
  budget.step(items.length);
  const texts = items.map((item, index) => {
    if (isString(item)) return textOf(item);
    throw new JinjaError(`sequence item ${index}: expected str instance, ${typeName(item)} found`);
  });
  budget.checkLength(texts.reduce((sum, text) => sum + text.length + separator.length, 0));
  return texts.join(separator);
}

const LINE_ENDS = /\r\n|[\n\r\v\f\x85\u2028\u2029]/g;

export const STRING_METHODS: ReadonlyMap<string, StringMethod> = new Map<string, StringMethod>([
  ["upper", (text) => text.toUpperCase()],
  ["lower", (text) => text.toLowerCase()],
  ["casefold", (text) => text.toLowerCase()],
  ["capitalize", (text) => capitalize(text)],
  ["title", (text, _args, budget) => titleCase(text, /\p{L}+/gu, budget)],
  [
    "swapcase",
    (text, _args, budget) => replaceMatches(text, /\p{L}{1,64}/gu, budget, ([letters]) => swapCase(letters)),
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
  ["isupper", (text) => isCased(text, true)],
  ["islower", (text) => isCased(text, false)],
  ["ljust", padding((text, missing, fill) => text + fill.repeat(missing))],
  ["rjust", padding((text, missing, fill) => fill.repeat(missing) + text)],
  ["center", padding((text, missing, fill) => centered(text, characterCount(text) + missing, fill))],
  ["zfill", padding((text, missing) => zeroFilled(text, missing))],
  ["split", splitting(false)],
  ["rsplit", splitting(true)],
  ["splitlines", (text, _args, budget) => splitLines(text, budget)],
  ["partition", partitioning(false)],
  ["rpartition", partitioning(true)],
  ["find", finding(false, false)],
  ["rfind", finding(true, false)],
  ["index", finding(false, true)],
  ["rindex", finding(true, true)],
  ["count", countIn],
  ["join", (text, args, budget) => joinTexts(text, args.positional[0] ?? null, budget)],
  ["format", (text, args, budget) => formatText(text, args, budget)],
  ["replace", replaceMethod],
]);

function countIn(text: string, args: CallArguments, budget: Budget): number {
  let count = 0;
  for (const _ of occurrences(text, toString(args.positional[0], ""), budget)) count += 1;
  return count;
}

function swapCase(letters: string): string {
  const swapped = Array.from(letters, (letter) =>
    letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
  );
  return swapped.join("");
}

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

export function splitLines(text: string, budget: Budget): readonly string[] {
  const lines: string[] = [];
  let start = 0;
  for (const { 0: mark, index } of text.matchAll(LINE_ENDS)) {
    budget.step();
    lines.push(text.slice(start, index));
    start = index + mark.length;
  }
  return start < text.length ? [...lines, text.slice(start)] : lines;
}
