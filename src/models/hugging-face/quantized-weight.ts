/** One quantised weight of a checkpoint: its tensors found and checked, brought to groups of integers. */

import type { StoredWeight } from "../../formats/stored-weight.ts";
import { awqMatrix } from "../../formats/group-quant/awq.ts";
import { compressedMatrix } from "../../formats/group-quant/compressed-tensors.ts";
import { gptqMatrix } from "../../formats/group-quant/gptq.ts";
import { encodeGroups, type GroupMatrix } from "../../formats/group-quant/group-blocks.ts";
import { wordsOf } from "../../formats/group-quant/packed-words.ts";
import { planGroups, SMALLEST_GROUP } from "../../formats/group-quant/plan-groups.ts";
import type { SafetensorsTensor } from "../../formats/safetensors/model.ts";
import type { GptqQuantization, Quantization } from "./quantization.ts";
import { FLOAT_DTYPES, type TensorReader, weightInvalid } from "./tensor-reader.ts";

/** Suffixes of the tensors that together are one weight; what a suffix is for is said where it is read. */
export const QUANTIZED_SUFFIXES = [
  "qweight",
  "qzeros",
  "scales",
  "g_idx",
  "weight_packed",
  "weight_scale",
  "weight_zero_point",
  "weight_shape",
  "weight_g_idx",
] as const;

/** The weight of `module`, or null where it is not quantised. Throws `weight_missing` and `weight_invalid`. */
export function quantizedWeight(module: string, how: Quantization, tensors: TensorReader): StoredWeight | null {
  if (tensors.has(`${module}.qweight`)) {
    if (how.method === "gptq") return storedGroups(`${module}.qweight`, gptqOf(module, how, tensors));
    if (how.method === "awq") return storedGroups(`${module}.qweight`, awqOf(module, how, tensors));
    return weightInvalid(`${module}.qweight`, "is quantised", "a quantization_config of GPTQ or AWQ in config.json");
  }
  if (tensors.has(`${module}.weight_packed`) || tensors.has(`${module}.weight_scale`)) {
    const name = tensors.has(`${module}.weight_packed`) ? `${module}.weight_packed` : `${module}.weight`;
    if (how.method === "compressed-tensors") return storedGroups(name, compressedOf(module, how.bits, tensors));
    return weightInvalid(name, "is quantised", "a quantization_config of compressed-tensors in config.json");
  }
  return null;
}

function storedGroups(name: string, matrix: GroupMatrix): StoredWeight {
  const plan = planGroups(matrix);
  if (typeof plan === "string") {
    return weightInvalid(name, plan, `groups of multiples of ${SMALLEST_GROUP} columns, or whole rows of such`);
  }
  const { encoding, order } = plan;
  const { rows, columns } = matrix;
  return {
    encoding,
    shape: [rows, columns],
    elements: rows * columns,
    parts: [{ role: "data", view: () => encodeGroups(matrix, encoding.format, order) }],
    columnOrder: order,
  };
}

function gptqOf(module: string, how: GptqQuantization, tensors: TensorReader): GroupMatrix {
  const { bits, actOrder, version } = how;
  const qweight = tensors.get(`${module}.qweight`, ["I32"], [null, null]);
  const [words = 0, rows = 0] = qweight.shape;
  const columns = (words * 32) / bits;
  if ((rows * bits) % 32 !== 0) weightInvalid(qweight.name, `has ${rows} rows`, `multiples of ${32 / bits} rows`);
  const groups = groupCount(qweight, columns, how.groupColumns);
  const index = actOrder && groups > 1 ? "get" : "find";
  const gIdx = tensors[index](`${module}.g_idx`, ["I32"], [columns]);
  const scales = tensors.get(`${module}.scales`, FLOAT_DTYPES, [groups, rows]);
  const qzeros = tensors.get(`${module}.qzeros`, ["I32"], [groups, (rows * bits) / 32]);
  return gptqMatrix({ bits, version, qweight, qzeros, scales, gIdx });
}

function awqOf(module: string, how: Extract<Quantization, { method: "awq" }>, tensors: TensorReader): GroupMatrix {
  const qweight = tensors.get(`${module}.qweight`, ["I32"], [null, null]);
  const [columns = 0, rowWords = 0] = qweight.shape;
  const groups = groupCount(qweight, columns, how.groupColumns);
  const scales = tensors.get(`${module}.scales`, FLOAT_DTYPES, [groups, rowWords * 8]);
  const qzeros = tensors.get(`${module}.qzeros`, ["I32"], [groups, rowWords]);
  return awqMatrix({ qweight, qzeros, scales });
}

function groupCount(weight: SafetensorsTensor, columns: number, groupColumns: number | null): number {
  if (groupColumns === null) return 1;
  if (columns % groupColumns === 0) return columns / groupColumns;
  return weightInvalid(weight.name, `has ${columns} columns`, `multiples of the group size ${groupColumns}`);
}

function compressedOf(module: string, packedBits: 4 | 8, tensors: TensorReader): GroupMatrix {
  const isPacked = tensors.has(`${module}.weight_packed`);
  const { weight, rows, columns } = isPacked ? packedWeight(module, packedBits, tensors) : plainWeight(module, tensors);
  const bits = isPacked ? packedBits : 8;
  const scale = tensors.get(`${module}.weight_scale`, FLOAT_DTYPES, scaleShape(module, rows, tensors));
  const groups = scale.elements === 1 ? 1 : scale.elements / rows;
  const zeroShape = isPacked ? [Math.ceil((rows * bits) / 32), groups] : scale.shape;
  const zeroPoint = tensors.find(`${module}.weight_zero_point`, isPacked ? ["I32"] : ["I8"], zeroShape);
  const gIdx = tensors.find(`${module}.weight_g_idx`, ["I32"], [columns]);
  // -1 everywhere says that there is no order.
  const hasOrder = gIdx !== null && wordsOf(gIdx).some((group) => group !== -1);
  return compressedMatrix({ bits, rows, columns, weight, scale, zeroPoint, gIdx: hasOrder ? gIdx : null });
}

/** One scale for the whole, one for each row, or one for each group of a row. */
function scaleShape(module: string, rows: number, tensors: TensorReader): readonly (number | null)[] {
  const shape = tensors.shapeOf(`${module}.weight_scale`) ?? [];
  if (shape.every((size) => size === 1)) return shape;
  return shape.length === 1 ? [rows] : [rows, null];
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
