/** Characters and classes of characters in Oniguruma's syntax, as JavaScript's with the v flag. */

import type { OnigurumaCursor } from "./oniguruma-cursor.ts";

const POSIX_WORD = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]";

/** \w: of other numbers Oniguruma counts those of Latin-1 to words, but not where a bracket names them. */
export const WORD = `[${POSIX_WORD}\\xb2\\xb3\\xb9\\xbc-\\xbe]`;

const VISIBLE = "[[^\\p{White_Space}]&&[^\\p{Cc}\\p{Cn}\\p{Cs}]]";

const SHORTHANDS: Readonly<Record<string, string>> = {
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  w: WORD,
  W: `[^${WORD}]`,
  h: "[0-9A-Fa-f]",
  H: "[^0-9A-Fa-f]",
};

/** What a bracket names as [:name:]. */
const POSIX: ReadonlyMap<string, string> = new Map([
  ["alnum", "[\\p{Alphabetic}\\p{Nd}]"],
  ["alpha", "\\p{Alphabetic}"],
  ["ascii", "\\p{ASCII}"],
  ["blank", "[\\p{Zs}\\t]"],
  ["cntrl", "\\p{Cc}"],
  ["digit", "\\p{Nd}"],
  ["graph", VISIBLE],
  ["lower", "\\p{Lowercase}"],
  ["print", `[${VISIBLE}\\p{Zs}]`],
  ["punct", "[\\p{P}\\p{S}]"],
  ["space", "\\p{White_Space}"],
  ["upper", "\\p{Uppercase}"],
  ["word", POSIX_WORD],
  ["xdigit", "[0-9A-Fa-f]"],
]);

/** The same names as properties, of which two are other classes. */
const PROPERTIES: ReadonlyMap<string, string> = new Map([...POSIX, ["punct", "\\p{P}"], ["word", WORD]]);

const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27, "0": 0 };

/** One member of a class: its text, and its code point where it may begin or end a range. */
interface ClassItem {
  readonly text: string;
  readonly point: number | null;
}

/** A literal character; letters in both cases, with those beyond ASCII that fold to them, where case is ignored. */
export function quoteLiteral(character: string, ignoreCase: boolean): string {
  const quoted = quote(character);
  if (!ignoreCase) return quoted;
  const cases = new Set([character, character.toLowerCase(), character.toUpperCase()]);
  if (cases.has("s")) cases.add("\u017F");
  if (cases.has("k")) cases.add("\u212A");
  const single = [...cases].filter((text) => Array.from(text).length === 1);
  return single.length === 1 ? quoted : `[${single.map(quote).join("")}]`;
}

function quote(character: string): string {
  return /^[\p{L}\p{N}\p{M}]$/u.test(character) || character === " "
    ? character
    : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** What follows a backslash that is no anchor. */
export function parseClassEscape(cursor: OnigurumaCursor, ignoreCase: boolean): ClassItem {
  const letter = cursor.next();
  const shorthand = SHORTHANDS[letter];
  if (shorthand !== undefined) return { text: shorthand, point: null };
  if (letter === "p" || letter === "P") return { text: property(cursor, letter === "P"), point: null };
  const point = escapedPoint(cursor, letter);
  return { text: quoteLiteral(String.fromCodePoint(point), ignoreCase), point };
}

function escapedPoint(cursor: OnigurumaCursor, letter: string): number {
  const control = CONTROLS[letter];
  if (control !== undefined) return control;
  if (letter === "x" || letter === "u") {
    const found = /^(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2,4}))/.exec(cursor.rest(8));
    const digits = found?.[1] ?? found?.[2]?.slice(0, letter === "x" ? 2 : 4);
    const point = Number.parseInt(digits ?? "", 16);
    if (digits === undefined || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      return cursor.refuse(`\\${letter} needs the digits of a character`);
    }
    cursor.skip(found?.[1] === undefined ? digits.length : digits.length + 2);
    return point;
  }
  if (/[A-Za-z0-9]/.test(letter)) return cursor.refuse(`\\${letter} is not supported`);
  return letter.codePointAt(0) ?? 0;
}

/** "{Han}" or "{^Lu}" -> a property of JavaScript's. */
function property(cursor: OnigurumaCursor, outerNegated: boolean): string {
  const found = /^\{(\^?)([A-Za-z_ =-]+)\}/.exec(cursor.rest(64));
  if (found === null) return cursor.refuse("\\p needs a property's name in braces");
  cursor.skip(found[0].length);
  const name = found[2] ?? "";
  const negated = outerNegated !== (found[1] === "^");
  const known = PROPERTIES.get(name.toLowerCase());
  if (known !== undefined) return negated ? `[^${known}]` : known;
  for (const candidate of [name, `Script=${name}`]) {
    const text = `\\${negated ? "P" : "p"}{${candidate}}`;
    if (isPattern(text)) return text;
  }
  return cursor.refuse(`\\p{${name}} is not known`);
}

function isPattern(text: string): boolean {
  try {
    void new RegExp(text, "v");
    return true;
  } catch {
    return false;
  }
}

/** What follows an opening bracket, to its closing one; && binds weaker than all else. */
export function parseClass(cursor: OnigurumaCursor, ignoreCase: boolean, depth: number): string {
  if (depth === 0) cursor.refuse("classes nest too deep");
  const negated = cursor.take("^");
  const parts = [""];
  // A ] that is first is a character.
  for (let first = true; first || cursor.peek() !== "]"; first = false) {
    if (cursor.take("&&")) parts.push("");
    else parts[parts.length - 1] += member(cursor, ignoreCase, depth);
  }
  cursor.skip(1);
  const body = parts.length === 1 ? (parts[0] ?? "") : parts.map((part) => `[${part}]`).join("&&");
  return `[${negated ? "^" : ""}${body}]`;
}

/** A range, a nested class or one character. */
function member(cursor: OnigurumaCursor, ignoreCase: boolean, depth: number): string {
  const posix = /^\[:(\^?)([a-z]+):\]/.exec(cursor.rest(16));
  if (posix !== null) {
    cursor.skip(posix[0].length);
    const text = POSIX.get(posix[2] ?? "") ?? cursor.refuse(`${posix[0]} is not known`);
    return posix[1] === "^" ? `[^${text}]` : text;
  }
  if (cursor.take("[")) return parseClass(cursor, ignoreCase, depth - 1);
  const from = item(cursor, ignoreCase);
  const isRange = from.point !== null && /^-[^\]]/su.test(cursor.rest(3)) && !cursor.rest(3).startsWith("-[");
  if (!isRange || from.point === null) return from.text;
  cursor.skip(1);
  const to = item(cursor, ignoreCase);
  if (to.point === null || to.point < from.point) return cursor.refuse("a range's ends are out of order");
  const range = rangeText(from.point, to.point);
  return ignoreCase ? range + otherCase(from.point, to.point) : range;
}

function item(cursor: OnigurumaCursor, ignoreCase: boolean): ClassItem {
  if (cursor.take("\\")) return parseClassEscape(cursor, ignoreCase);
  const character = cursor.next();
  return { text: quoteLiteral(character, ignoreCase), point: character.codePointAt(0) ?? 0 };
}

function rangeText(from: number, to: number): string {
  return `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`;
}

/** Of ASCII letters in a range, the same in the other case. */
function otherCase(from: number, to: number): string {
  const shifted = (first: number, last: number, by: number): string => {
    const start = Math.max(from, first);
    const end = Math.min(to, last);
    return start <= end ? rangeText(start + by, end + by) : "";
  };
  return shifted(0x41, 0x5a, 32) + shifted(0x61, 0x7a, -32);
}
