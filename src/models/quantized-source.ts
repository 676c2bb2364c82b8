/**
 * A source of F32, F16 or BF16 weights with its matrices rounded to fewer bits, each when it is packed. To
 * nearest, with no calibration: what `--quant` asks for at load.
 */

import { fail } from "../base/errors.ts";
import { invariant } from "../base/invariant.ts";
import { GGML_TYPES, type GgmlType } from "../formats/gguf/ggml-types.ts";
import { encodeGroups, GROUP_FORMATS, type GroupFormat } from "../formats/group-quant/group-blocks.ts";
import { roundToGroups } from "../formats/group-quant/round-groups.ts";
import { encodeRows } from "../formats/quant/rows.ts";
import { decodeWeightValues, type StoredWeight } from "../formats/stored-weight.ts";
import type { LoadQuant } from "./load-quants.ts";
import type { ModelSource } from "./model-source.ts";

const FLOATS: readonly GgmlType[] = ["F32", "F16", "BF16"];
const BLOCK_COLUMNS = 32;
const FOUR_BITS = "int4_g128_zero" satisfies GroupFormat;

/** Takes over `source`. A weight that is quantised already is refused with `invalid_option` when it is asked for. */
export function quantizedSource(source: ModelSource, quant: LoadQuant): ModelSource {
  return {
    path: source.path,
    name: source.name,
    randomWeights: source.randomWeights,
    get parameters() {
      return source.parameters;
    },
    weightFiles: source.weightFiles,
    weightReading: source.weightReading,
    fileBytes: source.fileBytes,
    isCurrent: () => source.isCurrent(),
    get chatTemplate() {
      return source.chatTemplate;
    },
    weightNames: source.weightNames,
    spec: () => source.spec(),
    vocabulary: () => source.vocabulary(),
    weight(name) {
      const weight = source.weight(name);
      return weight === null ? null : quantizedWeight(weight, name, quant);
    },
    tensorName: (name) => source.tensorName(name),
    shapeText: (shape) => source.shapeText(shape),
    dispose: () => source.dispose(),
  };
}

/** What a matrix of floats becomes; null where no block divides its columns, and it stays as it is. */
export function roundedType(
  name: string,
  columns: number,
  quant: LoadQuant,
): "Q8_0" | "Q4_0" | typeof FOUR_BITS | null {
  if (columns % BLOCK_COLUMNS !== 0) return null;
  const isOuter = name === "token_embd.weight" || name === "output.weight";
  if (quant === "q8" || (isOuter && quant !== "q4-g128-pure")) return "Q8_0";
  return quant !== "q4-g32" && columns % GROUP_FORMATS[FOUR_BITS].groupColumns === 0 ? FOUR_BITS : "Q4_0";
}

/** Vectors stay as they are. */
function quantizedWeight(weight: StoredWeight, name: string, quant: LoadQuant): StoredWeight {
  const { encoding, shape } = weight;
  const [, columns = 0] = shape;
  const type = shape.length === 2 ? roundedType(name, columns, quant) : null;
  if (type === null) return weight;
  if (encoding.kind !== "ggml" || !FLOATS.includes(encoding.type)) {
    const found = encoding.kind === "ggml" ? encoding.type : encoding.format;
    fail("invalid_option", {
      option: "quant",
      problem: `${name} is ${found} already; ${FLOATS.join(", ")} can be quantised`,
    });
  }
  return type === FOUR_BITS ? asGroups(weight, columns) : asBlocks(weight, type);
}

function asBlocks(weight: StoredWeight, type: GgmlType): StoredWeight {
  const view = (): Uint8Array => encodeRows(GGML_TYPES[type].id, decodeWeightValues(weight));
  return { ...weight, encoding: { kind: "ggml", type }, parts: [{ role: "data", view }] };
}

function asGroups(weight: StoredWeight, columns: number): StoredWeight {
  const view = (): Uint8Array => {
    invariant(weight.columnOrder === null, "floats lie in their own order");
    return encodeGroups(
      roundToGroups(decodeWeightValues(weight), columns, GROUP_FORMATS[FOUR_BITS].groupColumns),
      FOUR_BITS,
      null,
    );
  };
  return { ...weight, encoding: { kind: "groups", format: FOUR_BITS }, parts: [{ role: "data", view }] };
}
