/** How JSON is spelled: where white space may stand, free strings and numbers, and any value at all. */

import type { GrammarBuilder } from "../grammar-builder.ts";
import { ANY_CODE_POINT, jsonCharacters, utf8 } from "../regex/code-points.ts";
import { type Regex, ascii, choice, concat, literal, optional, repeat } from "../regex/regex.ts";

/**
 * After { [ and , and before } and ]: nothing, a space, or a new line with indentation. Bounded, as
 * models are known to go on with white space without end.
 */
export const SPACE: Regex = choice(
  optional(literal(" ")),
  concat(literal("\n"), choice(repeat(literal(" "), 0, 40), repeat(literal("\t"), 0, 10))),
);
/** After a colon. */
const COLON: Regex = concat(literal(":"), optional(literal(" ")));
const COMMA: Regex = concat(literal(","), SPACE);

/** `{"name": `, its first byte being the bracket or the comma before the member. */
export function memberStart(key: Regex, first: boolean): Regex {
  return concat(first ? OPEN_OBJECT : COMMA, key, COLON);
}

export const OPEN_OBJECT: Regex = concat(literal("{"), SPACE);
export const CLOSE_OBJECT: Regex = concat(SPACE, literal("}"));
export const EMPTY_OBJECT: Regex = concat(literal("{"), SPACE, literal("}"));
export const OPEN_ARRAY: Regex = concat(literal("["), SPACE);
export const CLOSE_ARRAY: Regex = concat(SPACE, literal("]"));
export const EMPTY_ARRAY: Regex = concat(literal("["), SPACE, literal("]"));
export const NEXT_ITEM: Regex = COMMA;

const QUOTE = literal('"');
const HEX = ascii("0-9", "a-f", "A-F");
/** \uXXXX outside the surrogates, or a pair of them: one character either way. */
const UNICODE_ESCAPE: Regex = choice(
  concat(
    literal("\\u"),
    choice(
      concat(ascii("0-9", "a-c", "A-C", "e-f", "E-F"), repeat(HEX, 3, 3)),
      concat(ascii("d", "D"), ascii("0-7"), repeat(HEX, 2, 2)),
    ),
  ),
  concat(
    literal("\\u"),
    concat(ascii("d", "D"), ascii("8-9", "a-b", "A-B"), repeat(HEX, 2, 2)),
    literal("\\u"),
    concat(ascii("d", "D"), ascii("c-f", "C-F"), repeat(HEX, 2, 2)),
  ),
);
/** One character of a string, as RFC 8259 lets it be spelled. */
const CHARACTER: Regex = choice(
  utf8([
    [0x20, 0x21],
    [0x23, 0x5b],
    [0x5d, 0x10ffff],
  ]),
  concat(literal("\\"), ascii('"', "\\", "/", "b", "f", "n", "r", "t")),
  UNICODE_ESCAPE,
);

/** A string of `min` to `max` characters in any spelling. */
export function stringRegex(min: number, max: number | null): Regex {
  return concat(QUOTE, repeat(CHARACTER, min, max), QUOTE);
}

/** A string whose contents, as jsonCharacters spells them, match `contents`. */
export function quoted(contents: Regex): Regex {
  return concat(QUOTE, contents, QUOTE);
}

/** `min` to `max` characters in the one spelling of jsonCharacters. */
export function plainCharacters(min: number, max: number | null): Regex {
  return repeat(PLAIN_CHARACTER, min, max);
}

const PLAIN_CHARACTER = jsonCharacters(ANY_CODE_POINT);
export const ANY_STRING: Regex = stringRegex(0, null);

const DIGIT = ascii("0-9");
/** Digits that a double or a 64-bit integer can hold: more would come back as another number. */
const NATURAL: Regex = choice(literal("0"), concat(ascii("1-9"), repeat(DIGIT, 0, 17)));
const SIGN = optional(literal("-"));
export const ANY_INTEGER: Regex = choice(literal("0"), concat(SIGN, ascii("1-9"), repeat(DIGIT, 0, 17)));
export const ANY_NUMBER: Regex = concat(
  SIGN,
  NATURAL,
  optional(concat(literal("."), repeat(DIGIT, 1, 17))),
  optional(concat(ascii("e", "E"), optional(ascii("+", "-")), repeat(DIGIT, 1, 2))),
);
export const ANY_BOOLEAN: Regex = choice(literal("true"), literal("false"));
export const NULL: Regex = literal("null");

/** A lexeme for each kind of member, so that masks are shared by all grammars. */
const FIRST_MEMBER = memberStart(ANY_STRING, true);
const NEXT_MEMBER = memberStart(ANY_STRING, false);
const SCALAR: Regex = choice(ANY_STRING, ANY_NUMBER, ANY_BOOLEAN, NULL);

export interface AnyValue {
  readonly value: number;
  readonly object: number;
  readonly array: number;
}

/** Any JSON value, any object, any array. */
export function addAnyValue(builder: GrammarBuilder): AnyValue {
  const value = builder.reserve();
  const member = (start: Regex): number => builder.sequence(builder.lexeme(start), value);
  const object = builder.choice(
    builder.lexeme(EMPTY_OBJECT),
    builder.sequence(member(FIRST_MEMBER), builder.repeat(member(NEXT_MEMBER), 0, null), builder.lexeme(CLOSE_OBJECT)),
  );
  const array = builder.choice(
    builder.lexeme(EMPTY_ARRAY),
    builder.sequence(
      builder.lexeme(OPEN_ARRAY),
      value,
      builder.repeat(builder.sequence(builder.lexeme(NEXT_ITEM), value), 0, null),
      builder.lexeme(CLOSE_ARRAY),
    ),
  );
  builder.define(value, { kind: "choice", options: [builder.lexeme(SCALAR), object, array] });
  return { value, object, array };
}
