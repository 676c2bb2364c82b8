/** A value of an argument or a result: what the request or the answer says, and what the JSON has. */

import type { Draw } from "../draw.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export type Schema = Readonly<Record<string, unknown>>;

export interface Value {
  readonly json: Json;
  readonly text: string;
}

/** What a slot can hold: its JSON Schema, drawn with the tool, and values that keep to it, drawn with a call. */
export interface ValueKind {
  readonly schema: (draw: Draw) => Schema;
  readonly make: (draw: Draw, schema: Schema) => Value;
}

/** A scalar as it is said; anything else as JSON. */
export const sayJson = (json: Json | undefined): string =>
  typeof json === "string" ? json : JSON.stringify(json ?? "");

export const stringValue = (text: string): Value => ({ json: text, text });
export const numberValue = (value: number): Value => ({ json: value, text: String(value) });

/** A kind whose values are strings, in JSON as they are said. */
export const stringKind = (make: (draw: Draw) => string): ValueKind => ({
  schema: () => ({ type: "string" }),
  make: (draw) => stringValue(make(draw)),
});
