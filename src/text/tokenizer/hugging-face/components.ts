/** The components of tokenizer.json's pipelines: each an object with a type, some of them sequences of others. */

import { fail } from "../../../base/errors.ts";
import { getObjects, getString, invalid, type JsonObject } from "./json-value.ts";
import { TOKENIZER_JSON_LIMITS } from "./limits.ts";

export interface Component {
  readonly type: string;
  readonly json: JsonObject;
}

/** The parts of a component in order, sequences resolved; `field` is where a sequence has its own. None for null. */
export function componentsOf(json: JsonObject | null, field: string): readonly Component[] {
  const found: Component[] = [];
  const add = (part: JsonObject, depth: number): void => {
    const type = getString(part, "type");
    if (type === "Sequence") {
      if (depth === TOKENIZER_JSON_LIMITS.depth) invalid(part.at, `sequences nest deeper than ${depth}`);
      for (const child of getObjects(part, field)) add(child, depth + 1);
      return;
    }
    found.push({ type, json: part });
    if (found.length > TOKENIZER_JSON_LIMITS.components) {
      invalid(part.at, `there are more than ${TOKENIZER_JSON_LIMITS.components} components`);
    }
  };
  if (json !== null) add(json, 0);
  return found;
}

export function unsupported(what: string, component: Component): never {
  return fail("tokenizer_unsupported", {
    what: `${what} ${JSON.stringify(component.type)} (${component.json.at})`,
    hint: "Use the model's GGUF file, if it has one.",
  });
}

/** `{"String": s}` or `{"Regex": r}`. */
export function patternOf({ json }: Component): { readonly kind: "text" | "regex"; readonly source: string } {
  const { pattern } = json.fields;
  if (typeof pattern === "string") return { kind: "text", source: pattern };
  const fields = typeof pattern === "object" && pattern !== null ? (pattern as Record<string, unknown>) : {};
  if (typeof fields["String"] === "string") return { kind: "text", source: fields["String"] };
  if (typeof fields["Regex"] === "string") return { kind: "regex", source: fields["Regex"] };
  return invalid(json.at, "it needs a pattern that is a String or a Regex");
}
