/**
 * Numbers within bounds, and of so many places, as automata over their digits. Such a number is written without an
 * exponent and with at most 15 digits, so that what reads it has the same number and no rounding breaks a promise.
 */

import { type Regex, ascii, both, choice, concat, literal, NONE, optional, repeat } from "../regex/regex.ts";
import { ANY_INTEGER, ANY_NUMBER } from "./json-text.ts";

/** Decimal digits that a double keeps apart. */
const MAX_DIGITS = 15;
const MAX_INTEGER = 10 ** MAX_DIGITS - 1;

export interface NumberLimits {
  /** -Infinity for none. */
  readonly min: number;
  readonly max: number;
  readonly excludesMin: boolean;
  readonly excludesMax: boolean;
}

/** `exact`: also where there is no bound. */
export function integerRegex({ min, max, excludesMin, excludesMax }: NumberLimits, exact: boolean): Regex {
  if (min === -Infinity && max === Infinity && !exact) return ANY_INTEGER;
  const low = Math.max(-MAX_INTEGER, excludesMin && Number.isInteger(min) ? min + 1 : Math.ceil(min));
  const high = Math.min(MAX_INTEGER, excludesMax && Number.isInteger(max) ? max - 1 : Math.floor(max));
  if (low > high) return NONE;
  const positive = high >= 0 ? naturals(Math.max(0, low), high) : NONE;
  // There is no -0: its sign would be lost in what reads it.
  const negative = low < 0 ? concat(literal("-"), naturals(Math.max(1, -high), -low)) : NONE;
  return choice(positive, negative);
}

function naturals(low: number, high: number): Regex {
  if (low > high) return NONE;
  if (low === high) return literal(String(low));
  return both(atLeast(String(low)), atMost(String(high)));
}

const DIGIT = ascii("0-9");
const digits = (low: number, high: number): Regex => (low > high ? NONE : ascii(`${low}-${high}`));
const anyDigits = (min: number, max: number): Regex => repeat(DIGIT, min, max);

/** Naturals of as many digits as `bound`, or more, that are not below it. */
function atLeast(bound: string): Regex {
  const longer = bound.length < MAX_DIGITS ? concat(ascii("1-9"), anyDigits(bound.length, MAX_DIGITS - 1)) : NONE;
  return choice(longer, sameLength(bound, true), bound === "0" ? ascii("1-9") : NONE);
}

function atMost(bound: string): Regex {
  const shorter = bound.length > 1 ? choice(literal("0"), concat(ascii("1-9"), anyDigits(0, bound.length - 2))) : NONE;
  return choice(shorter, sameLength(bound, false));
}

/** Naturals of exactly as many digits that are not below (above) `bound`. */
function sameLength(bound: string, above: boolean): Regex {
  let rest: Regex = literal("");
  for (let index = bound.length - 1; index >= 0; index -= 1) {
    const digit = Number(bound[index]);
    const least = index === 0 && bound.length > 1 ? 1 : 0;
    const beyond = above ? digits(digit + 1, 9) : digits(least, digit - 1);
    const after = bound.length - 1 - index;
    rest = choice(concat(beyond, anyDigits(after, after)), concat(literal(String(digit)), rest));
  }
  return rest;
}

/** `fractionDigits`: of those that MAX_DIGITS leaves at most so many. */
export function numberRegex(limits: NumberLimits, fractionDigits: number | null): Regex {
  const { min, max, excludesMin, excludesMax } = limits;
  const unbounded = min === -Infinity && max === Infinity;
  if (unbounded && fractionDigits === null) return ANY_NUMBER;
  if (min > max || (min === max && (excludesMin || excludesMax))) return NONE;
  const places = Math.min(fractionDigits ?? MAX_DIGITS, MAX_DIGITS);
  const positive = max >= 0 ? magnitudes(limits, places) : NONE;
  const mirrored = { min: -max, max: -min, excludesMin: excludesMax, excludesMax: excludesMin };
  const negative = min < 0 ? concat(literal("-"), magnitudes(mirrored, places)) : NONE;
  return choice(positive, negative);
}

/** Decimals without a sign within `limits`, of which the negative part does not count. */
function magnitudes({ min, max, excludesMin, excludesMax }: NumberLimits, places: number): Regex {
  const low = decimalOf(Math.max(0, min));
  const high = decimalOf(Math.min(MAX_INTEGER, max));
  if (low === null || high === null) return NONE;
  const lower = decimalsBeyond(low, excludesMin && min >= 0, true, places);
  const upper = decimalsBeyond(high, excludesMax && max <= MAX_INTEGER, false, places);
  return both(lower, upper, exactDecimals(places));
}

/** At most MAX_DIGITS, of which the zero before a fraction is none. */
function exactDecimals(places: number): Regex {
  const fractionOf = (digitsLeft: number): Regex => {
    const most = Math.min(places, digitsLeft);
    return most === 0 ? literal("") : optional(concat(literal("."), anyDigits(1, most)));
  };
  const wholes = Array.from({ length: MAX_DIGITS }, (_, index) =>
    concat(ascii("1-9"), anyDigits(index, index), fractionOf(MAX_DIGITS - index - 1)),
  );
  return choice(concat(literal("0"), fractionOf(MAX_DIGITS)), ...wholes);
}

interface Decimal {
  readonly whole: string;
  /** Without zeros at its end. */
  readonly fraction: string;
}

/** Null where it has more digits than are exact. */
function decimalOf(value: number): Decimal | null {
  if (value > MAX_INTEGER) return null;
  const text = /e/.test(String(value)) ? value.toFixed(20).replace(/0+$/, "") : String(value);
  const [whole = "0", fraction = ""] = text.split(".");
  return { whole, fraction };
}

/** Decimals with at most `places` after the point that are not below (above) `bound`. */
function decimalsBeyond({ whole, fraction }: Decimal, strict: boolean, above: boolean, places: number): Regex {
  const anyFraction = places === 0 ? literal("") : optional(concat(literal("."), anyDigits(1, places)));
  const next = above ? String(Number(whole) + 1) : String(Number(whole) - 1);
  const beyond = above ? atLeast(next) : whole === "0" ? NONE : atMost(next);
  const equal = above ? fractionAtLeast(fraction, strict, places) : fractionAtMost(fraction, strict, places);
  return choice(concat(beyond, anyFraction), concat(literal(whole), equal));
}

function fractionAtLeast(fraction: string, strict: boolean, places: number): Regex {
  if (fraction.length > places) return aboveLongFraction(fraction, places);
  const nonzero = both(concat(upToZeros(places), ascii("1-9"), anyDigits(0, places)), anyDigits(1, places));
  if (fraction === "") return strict ? pointed(nonzero) : pointedOrNone(anyDigits(1, places), places);
  const left = places - fraction.length;
  let rest: Regex = strict ? (left === 0 ? NONE : both(nonzero, anyDigits(1, left))) : anyDigits(0, left);
  for (let index = fraction.length - 1; index >= 0; index -= 1) {
    const digit = Number(fraction[index]);
    rest = choice(concat(digits(digit + 1, 9), anyDigits(0, places - index - 1)), concat(literal(String(digit)), rest));
  }
  return pointed(rest);
}

/** The bound has more places than may be written: what is written must be above its beginning. */
function aboveLongFraction(fraction: string, places: number): Regex {
  return places === 0 ? NONE : fractionAtLeast(fraction.slice(0, places).replace(/0+$/, ""), true, places);
}

function fractionAtMost(given: string, strict: boolean, places: number): Regex {
  const cut = given.length > places;
  const fraction = cut ? given.slice(0, places) : given;
  const exclusive = strict && !cut;
  if (fraction === "") return exclusive ? NONE : pointedOrNone(repeat(literal("0"), 1, places), places);
  let rest: Regex = exclusive ? NONE : upToZeros(places - fraction.length);
  for (let index = fraction.length - 1; index >= 0; index -= 1) {
    const digit = Number(fraction[index]);
    const below = concat(digits(0, digit - 1), anyDigits(0, places - index - 1));
    const same = concat(literal(String(digit)), rest);
    // A fraction that stops before the bound's end is below it, as that does not end in zeros.
    rest = index === 0 ? choice(below, same) : choice(literal(""), below, same);
  }
  return choice(literal(""), pointed(rest));
}

const upToZeros = (count: number): Regex => repeat(literal("0"), 0, count);
const pointed = (fraction: Regex): Regex => concat(literal("."), fraction);
const pointedOrNone = (fraction: Regex, places: number): Regex =>
  places === 0 ? literal("") : optional(pointed(fraction));
