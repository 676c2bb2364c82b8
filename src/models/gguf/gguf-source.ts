/** A GGUF file as a model source. */

import type { GgufModel } from "../../formats/gguf/model.ts";
import { requireDecodableType } from "../../formats/quant/decodable-types.ts";
import { specFromGguf } from "../families.ts";
import type { ModelSource } from "../model-source.ts";
import { RANDOM_WEIGHTS_KEY } from "../random/random-weights-key.ts";
import { ggufText } from "./gguf-text.ts";
import { ROPE_FACTORS_TENSOR } from "./rope-scaling.ts";

/** Takes over the file: disposing of the source closes it. */
export function ggufSource(file: GgufModel): ModelSource {
  const { metadata, tensors } = file;
  return {
    ...ggufText(file),
    path: file.path,
    name: metadata.findString("general.name") ?? null,
    randomWeights: metadata.findBool(RANDOM_WEIGHTS_KEY) ?? false,
    parameters: file.parameters,
    weightFiles: file.sources.map((source) => source.path),
    weightReading: "",
    fileBytes: file.fileBytes,
    isCurrent: () => file.sources.every((source) => source.isCurrent()),
    weightNames: [...tensors.keys()].filter((name) => name !== ROPE_FACTORS_TENSOR),
    spec: () => specFromGguf(file),
    weight(name) {
      const tensor = tensors.get(name);
      if (tensor === undefined) return null;
      requireDecodableType(tensor);
      return {
        encoding: { kind: "ggml", type: tensor.type },
        shape: tensor.shape.toReversed(),
        elements: tensor.elements,
        parts: [{ role: "data", view: () => tensor.view() }],
        columnOrder: null,
      };
    },
    tensorName: (name) => name,
    // GGUF puts the contiguous dimension first.
    shapeText: (shape) => `[${shape.toReversed().join(", ")}]`,
  };
}
