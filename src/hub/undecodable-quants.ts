/** Models that Turnwise could not load, told by the names of their files before they are fetched. */

import { fail } from "../base/errors.ts";
import { GGML_TYPES, type GgmlType } from "../formats/gguf/ggml-types.ts";
import { DECODABLE_TYPES, DECODABLE_TYPES_HINT, isDecodable } from "../formats/quant/decodable-types.ts";
import { listModels, type ModelFile, type ModelFiles } from "./model-files.ts";

const TYPES = Object.keys(GGML_TYPES) as readonly GgmlType[];
/** What the names of related types begin with: "IQ2" of IQ2_XXS, and of IQ2_M, which no tensor has. */
const FAMILY = /^(?:[A-Z]*Q\d|[A-Z]+FP4)/;

/**
 * Whether most tensors of a model of this quantisation have a type that is not decoded. A mix such as Q4_K_M is none of
 * ggml's types; it can be where a type of its family can, and where nothing is known of it.
 */
export function isUndecodable(quant: string): boolean {
  const name = quant.toUpperCase().replace(/^UD-/, "");
  const type = TYPES.find((known) => known === name);
  if (type !== undefined) return !isDecodable(type);
  const family = FAMILY.exec(name)?.[0];
  if (family === undefined) return false;
  const isOfFamily = (known: GgmlType): boolean => known.startsWith(family);
  return TYPES.some(isOfFamily) && !DECODABLE_TYPES.some(isOfFamily);
}

/** Throws `model_feature_unsupported`, with those of `offer` that run, where `model` is known not to. */
export function requireDecodable<File extends ModelFile>(
  repo: string,
  model: ModelFiles<File>,
  offer: readonly ModelFiles<File>[],
): void {
  if (model.form !== "gguf" || !isUndecodable(model.quant)) return;
  const others = offer.filter(({ quant, lacks }) => lacks === null && !isUndecodable(quant));
  const hint = others.length > 0 ? `${repo} also has: ${listModels(others)}.` : DECODABLE_TYPES_HINT;
  fail("model_feature_unsupported", { feature: `weights of ${model.quant}`, hint });
}
