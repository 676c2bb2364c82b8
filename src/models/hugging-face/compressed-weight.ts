/** One weight of compressed-tensors: its tensors found, and held against what config.json says of their scales. */

import { unreachable } from "../../base/invariant.ts";
import { compressedGroups } from "../../formats/group-quant/compressed-tensors.ts";
import type { StoredGroups } from "../../formats/group-quant/group-blocks.ts";
import { wordsOf } from "../../formats/group-quant/packed-words.ts";
import type { SafetensorsTensor } from "../../formats/safetensors/model.ts";
import type { CompressedQuantization, CompressedScheme, ScaleReach } from "./quantization.ts";
import { FLOAT_DTYPES, type TensorReader, weightInvalid } from "./tensor-reader.ts";

/** `module` has a `weight_packed`, or a `weight` with a `weight_scale`. Throws `weight_missing` and `weight_invalid`. */
export function compressedWeight(module: string, how: CompressedQuantization, tensors: TensorReader): StoredGroups {
  const isPacked = tensors.has(`${module}.weight_packed`);
  const found = isPacked ? packedWeight(module, how.bits, tensors) : plainWeight(module, tensors);
  const { weight, rows, columns } = found;
  const bits = isPacked ? how.bits : 8;
  const scale = tensors.get(`${module}.weight_scale`, FLOAT_DTYPES, scaleShape(module, rows, tensors));
  const fitting = fittingSchemes(how.schemes, found, scale);
  const groups = scale.elements === 1 ? 1 : scale.elements / rows;
  const zeroShape = isPacked ? [Math.ceil((rows * bits) / 32), groups] : scale.shape;
  const zeroPointOf = fitting.length > 0 && fitting.every(({ symmetric }) => !symmetric) ? "get" : "find";
  const zeroPoint = tensors[zeroPointOf](`${module}.weight_zero_point`, isPacked ? ["I32"] : ["I8"], zeroShape);
  const gIdx = tensors.find(`${module}.weight_g_idx`, ["I32"], [columns]);
  // -1 everywhere is where writers begin, and readers where there is none, whatever "actorder" says: in order.
  const groupOf = gIdx === null ? null : wordsOf(gIdx);
  const hasOrder = groupOf?.some((group) => group !== -1) === true;
  return compressedGroups({ bits, rows, columns, weight, scale, zeroPoint, groupOf: hasOrder ? groupOf : null });
}

/** One scale for the whole, one for each row, or one for each group of a row. */
function scaleShape(module: string, rows: number, tensors: TensorReader): readonly (number | null)[] {
  const shape = tensors.shapeOf(`${module}.weight_scale`) ?? [];
  if (shape.every((size) => size === 1)) return shape;
  return shape.length === 1 ? [rows] : [rows, null];
}

/**
 * The schemes that the module may be of: whose targets it is among is seen by its scales. None where config.json lists
 * none, and then the scales' shape is all that says how far each one goes.
 */
function fittingSchemes(
  schemes: readonly CompressedScheme[],
  { weight, rows, columns }: WeightShape,
  scale: SafetensorsTensor,
): readonly CompressedScheme[] {
  const fitting = schemes.filter(({ reach }) => isFitting(reach, rows, columns, scale.elements));
  if (fitting.length > 0 || schemes.length === 0) return fitting;
  return weightInvalid(
    scale.name,
    `has shape [${scale.shape.join(", ")}], and ${weight.name} ${rows} rows of ${columns} columns`,
    [...new Set(schemes.map(({ reach }) => acceptedScales(reach, rows, columns)))].join("; "),
  );
}

function isFitting(reach: ScaleReach, rows: number, columns: number, scales: number): boolean {
  switch (reach.kind) {
    case "any":
      return true;
    case "tensor":
      return scales === 1;
    case "channel":
      return scales === rows;
    case "group":
      return columns % reach.columns === 0 && scales === rows * (columns / reach.columns);
    default:
      return unreachable(reach);
  }
}

function acceptedScales(reach: ScaleReach, rows: number, columns: number): string {
  if (reach.kind !== "group") return reach.kind === "channel" ? `shape [${rows}, 1], a scale a row` : "shape [1]";
  const groups = columns / reach.columns;
  return Number.isInteger(groups)
    ? `shape [${rows}, ${groups}], a scale for each group_size of ${reach.columns} columns`
    : `columns in multiples of the group_size ${reach.columns} of config.json`;
}

interface WeightShape {
  readonly weight: SafetensorsTensor;
  readonly rows: number;
  readonly columns: number;
}

function plainWeight(module: string, tensors: TensorReader): WeightShape {
  const weight = tensors.get(`${module}.weight`, ["I8"], [null, null]);
  const [rows = 0, columns = 0] = weight.shape;
  return { weight, rows, columns };
}

/** `weight_shape` holds what padding to whole words hides. */
function packedWeight(module: string, bits: 4 | 8, tensors: TensorReader): WeightShape {
  const weight = tensors.get(`${module}.weight_packed`, ["I32"], [null, null]);
  const [rows = 0, words = 0] = weight.shape;
  const sizes = tensors.get(`${module}.weight_shape`, ["I64", "I32"], [2]);
  const bytes = sizes.view();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = (index: number): number =>
    sizes.dtype === "I64" ? Number(view.getBigInt64(8 * index, true)) : view.getInt32(4 * index, true);
  const columns = at(1);
  if (at(0) !== rows || Math.ceil((columns * bits) / 32) !== words) {
    weightInvalid(sizes.name, `says [${at(0)}, ${columns}]`, `[${rows}, ${(words * 32) / bits}], what is packed`);
  }
  return { weight, rows, columns };
}
