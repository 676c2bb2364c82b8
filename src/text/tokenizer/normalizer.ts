/**
 * What happens to a text before it is cut into words. Each step is data; they are applied in order to
 * every piece of text between two special tokens.
 * Source: https://huggingface.co/docs/tokenizers/api/normalizers
 */

import { unreachable } from "../../base/invariant.ts";
import { createCharsmap } from "./charsmap.ts";
import { compileOniguruma } from "./oniguruma.ts";

export type NormalizerStep =
  | { readonly kind: "unicode"; readonly form: "NFC" | "NFD" | "NFKC" | "NFKD" }
  | { readonly kind: "lowercase" }
  | { readonly kind: "strip-accents" }
  | { readonly kind: "strip"; readonly left: boolean; readonly right: boolean }
  | { readonly kind: "prepend"; readonly text: string }
  | { readonly kind: "replace"; readonly text: string; readonly by: string }
  /** `pattern` is in Oniguruma's syntax. */
  | { readonly kind: "replace-pattern"; readonly pattern: string; readonly by: string }
  /** SentencePiece's compiled table of replacements. */
  | { readonly kind: "charsmap"; readonly bytes: Uint8Array };

export type Normalizer = (text: string) => string;

/** Throws `tokenizer_invalid` and `tokenizer_unsupported` for steps that cannot be run. */
export function createNormalizer(steps: readonly NormalizerStep[]): Normalizer {
  const normalizers = steps.map(normalizerOf);
  return (text) => normalizers.reduce((normalized, apply) => apply(normalized), text);
}

function normalizerOf(step: NormalizerStep): Normalizer {
  switch (step.kind) {
    case "unicode":
      return (text) => text.normalize(step.form);
    case "lowercase":
      // Character by character, as there: no final form of sigma.
      return (text) => text.replaceAll("Σ", "σ").toLowerCase();
    case "strip-accents":
      return (text) => text.replace(/\p{M}+/gu, "");
    case "strip":
      return (text) => strip(text, step.left, step.right);
    case "prepend":
      return (text) => (text === "" ? "" : step.text + text);
    case "replace":
      return (text) => text.replaceAll(step.text, () => step.by);
    case "replace-pattern": {
      const pattern = compileOniguruma(step.pattern);
      return (text) => text.replace(pattern, () => step.by);
    }
    case "charsmap":
      return createCharsmap(step.bytes);
    default:
      return unreachable(step);
  }
}

/** Without white space at its ends. A run is looked at from one end only, so long ones take linear time. */
function strip(text: string, left: boolean, right: boolean): string {
  let start = 0;
  let end = text.length;
  if (left) while (start < end && isWhiteSpace(text.charAt(start))) start += 1;
  if (right) while (end > start && isWhiteSpace(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isWhiteSpace(character: string): boolean {
  return /\p{White_Space}/u.test(character);
}
