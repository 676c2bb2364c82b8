/** What tokenizer.json's decoder says about the stored form of tokens. Only the forms of known kinds are read. */

import { type Component, componentsOf, patternOf, unsupported } from "./components.ts";
import { getBool, getString, type JsonObject } from "./json-value.ts";

export interface ReadDecoder {
  readonly byteLevel: boolean;
  readonly dropsFirstSpace: boolean;
}

/** Throws `tokenizer_unsupported`, naming what is not known. */
export function readDecoder(json: JsonObject | null): ReadDecoder {
  const components = componentsOf(json, "decoders");
  for (const component of components) check(component);
  return {
    byteLevel: components.some(({ type }) => type === "ByteLevel"),
    dropsFirstSpace: components.some(dropsFirstSpace),
  };
}

function check(component: Component): void {
  switch (component.type) {
    case "ByteLevel":
    case "ByteFallback":
    case "Fuse":
    case "Metaspace":
      return;
    case "Replace": {
      const { source } = patternOf(component);
      if (source !== "\u2581" || getString(component.json, "content") !== " ") unsupported("decoder", component);
      return;
    }
    case "Strip":
      if (getString(component.json, "content") !== " ") unsupported("decoder", component);
      return;
    default:
      unsupported("decoder", component);
  }
}

function dropsFirstSpace({ type, json }: Component): boolean {
  if (type === "Strip") return json.fields["start"] === 1;
  if (type !== "Metaspace") return false;
  const scheme = json.fields["prepend_scheme"];
  return scheme === undefined || scheme === null ? getBool(json, "add_prefix_space", true) : scheme !== "never";
}
