/** The sources that a generation can be bound to, and their grammar. */

import { fail } from "../../base/errors.ts";
import { unreachable } from "../../base/invariant.ts";
import { compileGbnf } from "./gbnf/compile-gbnf.ts";
import type { Grammar } from "./grammar.ts";
import { GrammarBuilder } from "./grammar-builder.ts";
import { compileJsonObject, compileJsonSchema } from "./json-schema/compile-schema.ts";
import { fullTextRegex } from "./regex/pattern-regex.ts";
import { literals, type Regex } from "./regex/regex.ts";

export type GrammarSource =
  | { readonly kind: "json_schema"; readonly schema: unknown }
  | { readonly kind: "json_object" }
  /** One of these. */
  | { readonly kind: "choice"; readonly texts: readonly string[] }
  /** ECMAScript; the whole text matches. */
  | { readonly kind: "regex"; readonly pattern: string }
  | { readonly kind: "gbnf"; readonly grammar: string };

/** Throws `schema_invalid`, `schema_unsupported`, `grammar_invalid` and `grammar_limit`. */
export function compileGrammar(source: GrammarSource): Grammar {
  switch (source.kind) {
    case "json_schema":
      return compileJsonSchema(source.schema);
    case "json_object":
      return compileJsonObject();
    case "choice":
      return compileRegex(literals(source.texts));
    case "regex":
      return compileRegex(fullTextRegex(source.pattern));
    case "gbnf":
      return compileGbnf(source.grammar);
    default:
      return unreachable(source);
  }
}

function compileRegex(regex: Regex): Grammar {
  const builder = new GrammarBuilder();
  const grammar = builder.finish(builder.lexeme(regex));
  return grammar ?? fail("grammar_invalid", { language: "regular expression", problem: "it matches nothing." });
}
