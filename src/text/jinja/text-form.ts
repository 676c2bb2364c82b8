/** How values look as text: Python's str(), repr() and json.dumps(). */

import type { Budget } from "./budget.ts";
import { orderTexts } from "./characters.ts";
import { Output, replaceMatches } from "./output.ts";
import {
  Callable,
  Dict,
  isList,
  isString,
  JinjaError,
  JinjaFloat,
  Markup,
  Namespace,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";

/** What {{ value }} prints. */
export function toText(value: Value, budget: Budget): string {
  if (isString(value)) return textOf(value);
  return value instanceof Undefined ? "" : toRepr(value, budget);
}

export function toRepr(value: Value, budget: Budget): string {
  const output = new Output(budget);
  writeRepr(value, output);
  return output.take();
}

/** A value may hold another many times over, so each is counted where it is written. */
function writeRepr(value: Value, output: Output): void {
  output.budget.step();
  if (isList(value)) return writeItems("[", value, "]", output);
  if (value instanceof Tuple) return writeItems("(", value.items, value.items.length === 1 ? ",)" : ")", output);
  if (value instanceof Dict) return writeFields("{", value.entries(), "}", output);
  if (value instanceof Namespace) {
    const fields = Array.from(value.fields, ([name, item]) => [name, item] as const);
    return writeFields("<Namespace {", fields, "}>", output);
  }
  return output.push(scalarRepr(value, output.budget));
}

function writeItems(open: string, items: readonly Value[], close: string, output: Output): void {
  output.push(open);
  for (const [index, item] of items.entries()) {
    if (index > 0) output.push(", ");
    writeRepr(item, output);
  }
  output.push(close);
}

function writeFields(open: string, fields: Iterable<readonly [Value, Value]>, close: string, output: Output): void {
  output.push(open);
  let separator = "";
  for (const [key, item] of fields) {
    output.push(separator);
    writeRepr(key, output);
    output.push(": ");
    writeRepr(item, output);
    separator = ", ";
  }
  output.push(close);
}

function scalarRepr(value: Value, budget: Budget): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return quote(value, budget);
  if (value instanceof Markup) return `Markup(${quote(value.text, budget)})`;
  if (value instanceof JinjaFloat) return floatText(value.value);
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Callable) return `<Macro ${quote(value.name, budget)}>`;
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

function quote(text: string, budget: Budget): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = replaceMatches(text, /[\\\n\r\t']|(?! )[\p{C}\p{Z}]/gu, budget, ([character]) => {
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
export function toJson(value: Value, form: JsonForm, budget: Budget): string {
  const output = new Output(budget);
  writeJson(value, form, output, "\n");
  return output.take();
}

/** `margin` begins the lines that are as deep as the value. */
function writeJson(value: Value, form: JsonForm, output: Output, margin: string): void {
  output.budget.step();
  if (value === null) return output.push("null");
  if (typeof value === "boolean" || typeof value === "number") return output.push(String(value));
  if (isString(value)) return output.push(jsonString(textOf(value), form, output.budget));
  if (value instanceof JinjaFloat) return output.push(jsonFloat(value.value));
  const members = jsonMembers(value, form, output.budget);
  const inner = form.indent === null ? "" : margin + form.indent;
  output.push(value instanceof Dict ? "{" : "[");
  for (const [index, [name, item]] of members.entries()) {
    output.push((index > 0 ? form.itemSeparator : "") + inner + name);
    writeJson(item, form, output, inner);
  }
  if (form.indent !== null && members.length > 0) output.push(margin);
  return output.push(value instanceof Dict ? "}" : "]");
}

/** What stands in a list or a dictionary, each with what comes before it. */
function jsonMembers(value: Value, form: JsonForm, budget: Budget): readonly (readonly [name: string, item: Value])[] {
  if (isList(value)) return value.map((item) => ["", item]);
  if (value instanceof Tuple) return value.items.map((item) => ["", item]);
  if (!(value instanceof Dict)) throw new JinjaError(`Object of type ${typeName(value)} is not JSON serializable`);
  const fields = Array.from(value.entries(), ([key, item]) => [jsonKey(key), item] as const);
  const sorted = form.sortKeys ? fields.toSorted(([left], [right]) => orderTexts(left, right, budget)) : fields;
  return sorted.map(([key, item]) => [jsonString(key, form, budget) + form.keySeparator, item]);
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
function jsonString(text: string, { asciiOnly }: JsonForm, budget: Budget): string {
  budget.scan(text.length);
  const json = JSON.stringify(text);
  if (!asciiOnly) return json;
  return replaceMatches(json, /[\u007f-\uffff]{1,64}/g, budget, ([units]) =>
    units.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
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
export function escapeHtml(value: Value, budget: Budget): Markup {
  if (value instanceof Markup) return value;
  const text = toText(value, budget);
  return new Markup(replaceMatches(text, /[&<>'"]/g, budget, ([character]) => HTML_ESCAPES[character] ?? ""));
}
