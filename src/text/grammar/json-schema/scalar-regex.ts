/** The JSON texts of strings and numbers that a conjunction allows. */

import { fail, TurnwiseError } from "../../../base/errors.ts";
import { jsonSearchRegex } from "../regex/pattern-regex.ts";
import { type Regex, ascii, both, choice, concat, literal, optional } from "../regex/regex.ts";
import { type Conjunct, countsOf, numbersOf } from "./facets.ts";
import { formatPattern, NUMBER_FORMATS } from "./formats.ts";
import { ANY_STRING, plainCharacters, quoted, stringRegex } from "./json-text.ts";
import { integerRegex, type NumberLimits, numberRegex } from "./number-regex.ts";

export function stringsOf(conjuncts: readonly Conjunct[]): Regex {
  const { min, max } = countsOf(conjuncts, "minLength", "maxLength");
  const contents = patternsOf(conjuncts);
  if (contents.length === 0) return min === 0 && max === null ? ANY_STRING : stringRegex(min, max);
  const length = min === 0 && max === null ? [] : [plainCharacters(min, max)];
  return quoted(both(...contents, ...length));
}

/** What pattern and format ask of a string's contents. */
function patternsOf(conjuncts: readonly Conjunct[]): readonly Regex[] {
  const found = new Map<string, Regex>();
  for (const { schema, pointer } of conjuncts) {
    const { pattern, format } = schema;
    if (typeof pattern === "string") found.set(pattern, patternAt(pattern, `${pointer}/pattern`));
    const known = typeof format === "string" ? formatPattern(format) : null;
    if (known !== null) found.set(known, formatRegex(known));
  }
  return [...found.values()];
}

const formatRegexes = new Map<string, Regex>();

/** There are few formats, and each is long: made once. */
function formatRegex(pattern: string): Regex {
  const known = formatRegexes.get(pattern) ?? jsonSearchRegex(pattern);
  formatRegexes.set(pattern, known);
  return known;
}

/** `jsonSearchRegex`, whose complaints get the keyword's place. */
export function patternAt(pattern: string, pointer: string): Regex {
  try {
    return jsonSearchRegex(pattern);
  } catch (error) {
    if (!(error instanceof TurnwiseError) || error.class !== "RequestError") throw error;
    return fail("schema_unsupported", { keyword: "pattern", pointer, reason: error.message });
  }
}

/** `isListed`: to try numbers that the schema has, whose digits are as exact as they are. */
export function numbersAllowed(conjuncts: readonly Conjunct[], integersOnly: boolean, isListed = false): Regex {
  const formats = conjuncts.flatMap(({ schema }) => NUMBER_FORMATS.get(String(schema["format"])) ?? []);
  const limits = limitsOf(conjuncts, formats);
  const divisors = divisorsOf(conjuncts);
  const isInteger = integersOnly || formats.some((format) => format.isInteger) || divisors.some(Number.isInteger);
  const places = divisors.filter((divisor) => divisor < 1).map((divisor) => Math.round(-Math.log10(divisor)));
  const multiples = divisors
    .filter((divisor) => divisor > 1)
    .map((divisor) => concat(optional(literal("-")), choice(literal("0"), MULTIPLE_START(divisor))));
  const numbers = isInteger
    ? integerRegex(limits, multiples.length > 0 && !isListed)
    : numberRegex(limits, places.length === 0 ? null : Math.min(...places));
  return both(numbers, ...multiples);
}

const MULTIPLE_START = (divisor: number): Regex =>
  both({ kind: "multiple", divisor }, concat(ascii("1-9"), { kind: "multiple", divisor: 1 }));

function limitsOf(
  conjuncts: readonly Conjunct[],
  formats: readonly { readonly min: number; readonly max: number }[],
): NumberLimits {
  let [min, max, excludesMin, excludesMax] = [-Infinity, Infinity, false, false];
  const raise = (bound: number, excludes: boolean): void => {
    if (bound < min || (bound === min && !excludes)) return;
    min = bound;
    excludesMin = excludes;
  };
  const lower = (bound: number, excludes: boolean): void => {
    if (bound > max || (bound === max && !excludes)) return;
    max = bound;
    excludesMax = excludes;
  };
  for (const format of formats) {
    raise(format.min, false);
    lower(format.max, false);
  }
  for (const conjunct of conjuncts) {
    const { schema } = conjunct;
    // Draft 4 has true beside the bound, later drafts the bound itself.
    for (const bound of numbersOf([conjunct], "minimum")) raise(bound, schema["exclusiveMinimum"] === true);
    for (const bound of numbersOf([conjunct], "maximum")) lower(bound, schema["exclusiveMaximum"] === true);
    for (const bound of numbersOf([conjunct], "exclusiveMinimum")) raise(bound, true);
    for (const bound of numbersOf([conjunct], "exclusiveMaximum")) lower(bound, true);
  }
  return { min, max, excludesMin, excludesMax };
}

/** Whole numbers, and 0.1, 0.01 and so on, which say how many places a number has. */
function divisorsOf(conjuncts: readonly Conjunct[]): readonly number[] {
  return conjuncts.flatMap(({ schema, pointer }) => {
    const divisor = schema["multipleOf"];
    if (typeof divisor !== "number") return [];
    if (Number.isInteger(divisor) && divisor <= 2 ** 31) return [divisor];
    if (/^(0\.0*1|1e-\d+)$/.test(String(divisor)) && divisor >= 1e-15) return [divisor];
    return fail("schema_unsupported", {
      keyword: "multipleOf",
      pointer: `${pointer}/multipleOf`,
      reason: `${divisor} is neither a whole number up to 2147483648 nor 0.1, 0.01 and so on.`,
    });
  });
}
