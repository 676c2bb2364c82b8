/** tokenizer.json's normaliser as steps. */

import type { NormalizerStep } from "../normalizer.ts";
import { type Component, componentsOf, patternOf, unsupported } from "./components.ts";
import { getBool, getString, invalid, type JsonObject } from "./json-value.ts";

/** Throws `tokenizer_unsupported`, naming what is not known. */
export function readNormalizers(json: JsonObject | null): readonly NormalizerStep[] {
  return componentsOf(json, "normalizers").map(readStep);
}

function readStep(component: Component): NormalizerStep {
  const { type, json } = component;
  switch (type) {
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return { kind: "unicode", form: type };
    case "Lowercase":
      return { kind: "lowercase" };
    case "StripAccents":
      return { kind: "strip-accents" };
    case "Strip":
      return { kind: "strip", left: getBool(json, "strip_left", true), right: getBool(json, "strip_right", true) };
    case "Prepend":
      return { kind: "prepend", text: getString(json, "prepend") };
    case "Replace": {
      const { kind, source } = patternOf(component);
      const by = getString(json, "content");
      if (source === "") return invalid(json.at, "it replaces the empty text");
      return kind === "text" ? { kind: "replace", text: source, by } : { kind: "replace-pattern", pattern: source, by };
    }
    case "Precompiled":
      return { kind: "charsmap", bytes: fromBase64(getString(json, "precompiled_charsmap")) };
    default:
      return unsupported("normalizer", component);
  }
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
