/** Elements of SVG as text; every text and attribute that comes in is escaped. */

import { escapeText } from "./escape-text.ts";

export type Attributes = Readonly<Record<string, string | number>>;

/** `<name attributes>content</name>`; `content` is markup already. */
export function element(name: string, attributes: Attributes, content = ""): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeText(attributeText(value))}"`);
  return content === "" ? `<${name}${written.join("")}/>` : `<${name}${written.join("")}>${content}</${name}>`;
}

/** An element of text. */
export const textElement = (name: string, attributes: Attributes, text: string): string =>
  element(name, attributes, escapeText(text));

/** Coordinates need no more than hundredths of a pixel. */
const attributeText = (value: string | number): string =>
  typeof value === "number" ? String(Math.round(value * 100) / 100) : value;
