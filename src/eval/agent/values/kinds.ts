/** The kinds of values that slots have. A request says each as the JSON has it, but for booleans and lists. */

import type { Draw } from "../draw.ts";
import {
  emailAddress,
  fileName,
  filePath,
  idText,
  inventWord,
  personName,
  placeName,
  productName,
  shortText,
} from "./names.ts";
import { numberValue, stringKind, stringValue, type ValueKind } from "./value.ts";

export const PERSON = stringKind(personName);
export const PLACE = stringKind(placeName);
export const TEXT = stringKind(shortText);
export const PRODUCT = stringKind(productName);
export const FILE = stringKind(fileName);
export const PATH = stringKind(filePath);
export const EMAIL = stringKind(emailAddress);
export const WORD = stringKind((draw) => inventWord(draw));

/** Ids of letters and digits, or digits alone as an integer or a string. */
export const ID: ValueKind = {
  schema: (draw) => ({ type: draw.chance(0.25) ? "integer" : "string" }),
  make: (draw, { type }) => {
    const digits = (): number => draw.fresh(() => draw.int(100, 99_999), String);
    if (type === "integer") return numberValue(digits());
    return stringValue(draw.chance(0.2) ? String(digits()) : idText(draw));
  },
};

const numbers = (type: "integer" | "number", make: (draw: Draw) => number): ValueKind => ({
  schema: () => ({ type }),
  make: (draw) => numberValue(make(draw)),
});

export const integersFrom = (low: number, high: number): ValueKind => numbers("integer", (draw) => draw.int(low, high));

export function decimal(draw: Draw, highest: number): number {
  const digits = draw.int(0, 2);
  return Number((draw.int(1, highest * 10 ** digits) / 10 ** digits).toFixed(digits));
}

/** Positive, often with decimals; drawn over several magnitudes. */
export const AMOUNT: ValueKind = numbers("number", (draw) => decimal(draw, draw.pick([10, 100, 1000, 10_000])));
export const SIGNED: ValueKind = numbers("number", (draw) => {
  const value = decimal(draw, draw.pick([10, 100, 1000]));
  return draw.chance(0.25) ? -value : value;
});
/** Enough values that they split. */
export const COUNT: ValueKind = integersFrom(1, 60);

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(" ");

const two = (value: number): string => String(value).padStart(2, "0");

function dateText(draw: Draw): string {
  const day = draw.int(1, 28);
  const month = draw.int(1, 12);
  switch (draw.int(0, 5)) {
    case 0:
    case 1:
      return `${draw.int(2024, 2031)}-${two(month)}-${two(day)}`;
    case 2:
      return `${day} ${MONTHS[month - 1]}`;
    case 3:
      return `${MONTHS[month - 1]} ${day}`;
    case 4:
      return draw.pick(["today", "tomorrow"]);
    default:
      return draw.pick(DAYS);
  }
}

export const DATE = stringKind(dateText);
export const TIME = stringKind((draw) => {
  const minutes = draw.pick(["00", "15", "30", "45", "05", "20", "50"]);
  if (draw.chance(0.7)) return `${String(draw.int(6, 23)).padStart(2, "0")}:${minutes}`;
  return `${draw.int(1, 12)} ${draw.pick(["am", "pm"])}`;
});

/** One of the schema's words, of which some are drawn. */
export const enumOf = (words: readonly string[], least = 2): ValueKind => ({
  schema: (draw) => {
    const chosen = draw.shuffled(words).slice(0, draw.int(Math.min(least, words.length), Math.min(6, words.length)));
    return { type: "string", enum: chosen };
  },
  make: (draw, schema) => stringValue(draw.pick(schema["enum"] as readonly string[])),
});

/** One of some words, which the schema does not list. */
export const oneOf = (words: readonly string[]): ValueKind => stringKind((draw) => draw.pick(words));

/** `yes` and `no` are what a request says for true and false. */
export const booleanOf = (yes: string, no: string): ValueKind => ({
  schema: () => ({ type: "boolean" }),
  make: (draw) => (draw.chance(0.6) ? { json: true, text: yes } : { json: false, text: no }),
});

/** Two or three of a kind, said as "a, b and c". */
export const listOf = (kind: ValueKind): ValueKind => ({
  schema: (draw) => ({ type: "array", items: kind.schema(draw) }),
  make: (draw, schema) => {
    const items = new Map<string, ReturnType<ValueKind["make"]>>();
    const count = draw.int(2, 3);
    while (items.size < count) {
      const item = kind.make(draw, schema["items"] as Readonly<Record<string, unknown>>);
      items.set(item.text, item);
    }
    const texts = [...items.keys()];
    return {
      json: [...items.values()].map(({ json }) => json),
      text: `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`,
    };
  },
});
