/** Which special tokens tokenizer.json's post-processor puts around a text. */

import { componentsOf, unsupported } from "./components.ts";
import { findObject, getArray, getObjects, getString, invalid, type JsonObject, toId } from "./json-value.ts";

export interface SurroundingIds {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Null where there is no processor that says so. Throws `tokenizer_unsupported`, naming what is not known. */
export function readPostProcessor(json: JsonObject | null): SurroundingIds | null {
  let found: SurroundingIds | null = null;
  for (const component of componentsOf(json, "processors")) {
    switch (component.type) {
      case "ByteLevel":
        break;
      case "TemplateProcessing":
        found = readTemplate(component.json);
        break;
      case "BertProcessing":
      case "RobertaProcessing":
        found = { before: [pairId(component.json, "cls")], after: [pairId(component.json, "sep")] };
        break;
      default:
        unsupported("post-processor", component);
    }
  }
  return found;
}

/** `single`: special tokens before and after the one sequence. */
function readTemplate(json: JsonObject): SurroundingIds {
  const ids: { readonly before: number[]; readonly after: number[] } = { before: [], after: [] };
  const tokens = findObject(json, "special_tokens");
  let side = ids.before;
  for (const part of getObjects(json, "single")) {
    const special = findObject(part, "SpecialToken");
    if (special === null) {
      side = ids.after;
      continue;
    }
    const name = getString(special, "id");
    const token = tokens === null ? null : findObject(tokens, name);
    if (token === null) return invalid(special.at, `${JSON.stringify(name)} is not among special_tokens`);
    side.push(...getArray(token, "ids").map((id) => toId(id, token.at)));
  }
  return ids;
}

/** `["[CLS]", 101]` */
function pairId(json: JsonObject, name: string): number {
  return toId(getArray(json, name)[1], `${json.at}.${name}`);
}
