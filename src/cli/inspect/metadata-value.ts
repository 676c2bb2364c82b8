/** A GGUF metadata value in short: long texts are cut, arrays show their length and first items. */

import { unreachable } from "../../base/invariant.ts";
import type { GgufValue } from "../../formats/gguf/value.ts";

const SHOWN_ITEMS = 4;
const SHOWN_CHARS = 72;

/** What `--json` prints for a value; an array is abbreviated too, as vocabularies have 100,000 items. */
type JsonValue =
  | string
  | number
  | boolean
  | { readonly type: string; readonly length: number; readonly first: readonly JsonValue[] };

export function metadataJson(value: GgufValue): JsonValue {
  switch (value.kind) {
    case "number":
      return value.type === "float32" ? shortestFloat32(value.value) : value.value;
    case "bool":
    case "string":
      return value.value;
    case "bigint":
      // Beyond 2^53 JSON numbers would be rounded.
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : String(value.value);
    case "numbers":
      return {
        type: value.type,
        length: value.values.length,
        first: firstItems(value.values, numberShower(value.type)),
      };
    case "bigints":
      return { type: value.type, length: value.values.length, first: firstItems(value.values, String) };
    case "bools":
      return { type: "bool", length: value.values.length, first: firstItems(value.values, (item) => item !== 0) };
    case "strings": {
      const shown = Math.min(value.values.length, SHOWN_ITEMS);
      const first = Array.from({ length: shown }, (_, index) => value.values.get(index));
      return { type: "string", length: value.values.length, first };
    }
    case "arrays":
      return {
        type: "array",
        length: value.values.length,
        first: value.values.slice(0, SHOWN_ITEMS).map(metadataJson),
      };
    default:
      return unreachable(value);
  }
}

const numberShower = (type: string): ((value: number) => number) =>
  type === "float32" ? shortestFloat32 : (value) => value;

/** The shortest decimal that reads back as the same f32: 0.00001, not 0.000009999999747378752. */
function shortestFloat32(value: number): number {
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

function firstItems<Item, Shown extends JsonValue>(
  values: Iterable<Item> & { readonly length: number },
  show: (item: Item) => Shown,
): readonly Shown[] {
  const first: Shown[] = [];
  for (const item of values) {
    if (first.length === SHOWN_ITEMS) break;
    first.push(show(item));
  }
  return first;
}

/** One line: strings quoted, "[128256 string: "!", "\"", ...]". */
export function metadataText(value: GgufValue): string {
  return lineOf(metadataJson(value));
}

function lineOf(value: JsonValue): string {
  if (typeof value === "string") return quoteShort(value);
  if (typeof value !== "object") return String(value);
  const items = value.first.map(lineOf);
  if (value.length > value.first.length) items.push("...");
  return `[${value.length} ${value.type}${items.length === 0 ? "" : `: ${items.join(", ")}`}]`;
}

/** Quoted and escaped, so that a control character in a file cannot reach the terminal. */
function quoteShort(text: string): string {
  const cut = text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}...` : text;
  return JSON.stringify(cut).replaceAll(
    /[\u007F-\u009F]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
