/** How values look as text: Python's str(), repr() and json.dumps(). */

import {
  Callable,
  Dict,
  type Generator,
  isList,
  isString,
  JinjaError,
  JinjaFloat,
  Markup,
  Namespace,
  type NativeObject,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";

/** What {{ value }} prints. */
export function toText(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Markup) return value.text;
  return value instanceof Undefined ? "" : toRepr(value);
}

export function toRepr(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return quote(value);
  if (value instanceof Markup) return `Markup(${quote(value.text)})`;
  if (value instanceof JinjaFloat) return floatText(value.value);
  if (isList(value)) return `[${value.map(toRepr).join(", ")}]`;
  if (value instanceof Tuple) return `(${value.items.map(toRepr).join(", ")}${value.items.length === 1 ? "," : ""})`;
  if (value instanceof Dict) {
    return `{${value
      .entries()
      .map(([key, item]) => `${toRepr(key)}: ${toRepr(item)}`)
      .join(", ")}}`;
  }
  return objectRepr(value);
}

function objectRepr(value: Generator | Undefined | Callable | Namespace | NativeObject): string {
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Namespace) return `<Namespace ${toRepr(new Dict(value.fields))}>`;
  if (value instanceof Callable) return `<Macro ${quote(value.name)}>`;
  return `<${typeName(value)} object>`;
}

/** Shortest digits that give the number back, as in JavaScript; an exponent from 1e16 on and below 1e-4. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [digits = "", exponent = ""] = value.toExponential().split("e");
    return `${digits}e${exponent.startsWith("-") ? "-" : "+"}${exponent.slice(1).padStart(2, "0")}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\n\r\t']|[\p{C}\p{Z}]/gu, (character) => {
    if (character === " ") return character;
    if (character === "'") return mark === "'" ? "\\'" : character;
    return NAMED_ESCAPES[character] ?? codeEscape(character);
  });
  return mark + escaped + mark;
}

function codeEscape(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, "0")}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

export interface JsonForm {
  /** Spaces of each level, or a text; null: all in one line. */
  readonly indent: string | null;
  readonly itemSeparator: string;
  readonly keySeparator: string;
  readonly sortKeys: boolean;
  /** Characters beyond ASCII as escapes. */
  readonly asciiOnly: boolean;
}

/** As json.dumps. Throws JinjaError for what JSON has no form of. */
export function toJson(value: Value, form: JsonForm, margin = "\n"): string {
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  if (isString(value)) return jsonString(textOf(value), form.asciiOnly);
  if (value instanceof JinjaFloat) return jsonFloat(value.value);
  const inner = form.indent === null ? "" : margin + form.indent;
  const outer = form.indent === null ? "" : margin;
  const wrap = (open: string, parts: readonly string[], close: string): string =>
    parts.length === 0 ? open + close : open + inner + parts.join(form.itemSeparator + inner) + outer + close;
  const below = form.indent === null ? margin : margin + form.indent;
  if (isList(value) || value instanceof Tuple) {
    const items = isList(value) ? value : value.items;
    return wrap(
      "[",
      items.map((item) => toJson(item, form, below)),
      "]",
    );
  }
  if (value instanceof Dict) {
    const entries = value.entries().map(([key, item]) => [jsonKey(key), item] as const);
    const sorted = form.sortKeys ? entries.toSorted(([left], [right]) => (left < right ? -1 : 1)) : entries;
    const parts = sorted.map(
      ([key, item]) => jsonString(key, form.asciiOnly) + form.keySeparator + toJson(item, form, below),
    );
    return wrap("{", parts, "}");
  }
  throw new JinjaError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? floatText(value) : value > 0 ? "Infinity" : "-Infinity";
}

function jsonKey(key: Value): string {
  if (isString(key)) return textOf(key);
  if (key === null) return "null";
  if (typeof key === "boolean" || typeof key === "number") return String(key);
  if (key instanceof JinjaFloat) return jsonFloat(key.value);
  throw new JinjaError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

/** JSON.stringify escapes what Python does, and lone surrogates, which cannot be printed either way. */
function jsonString(text: string, asciiOnly: boolean): string {
  const json = JSON.stringify(text);
  if (!asciiOnly) return json;
  return json.replace(/[\u007f-\uffff]/g, (unit) =>
    unit === "\u007f" ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&#34;",
};

/** Safe text stays as it is. */
export function escapeHtml(value: Value): Markup {
  if (value instanceof Markup) return value;
  return new Markup(toText(value).replace(/[&<>'"]/g, (character) => HTML_ESCAPES[character] ?? ""));
}
