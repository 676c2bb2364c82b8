/** One quantised weight of a checkpoint: its tensors found and checked, brought to groups of integers. */

import type { StoredWeight } from "../../formats/stored-weight.ts";
import { awqGroups } from "../../formats/group-quant/awq.ts";
import { gptqGroups } from "../../formats/group-quant/gptq.ts";
import { encodeGroups, type StoredGroups } from "../../formats/group-quant/group-blocks.ts";
import { wordsOf } from "../../formats/group-quant/packed-words.ts";
import { planGroups } from "../../formats/group-quant/plan-groups.ts";
import type { SafetensorsTensor } from "../../formats/safetensors/model.ts";
import { compressedWeight } from "./compressed-weight.ts";
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
    const names = { weight: `${module}.qweight`, index: `${module}.g_idx` };
    if (how.method === "gptq") return storedGroups(names, gptqOf(module, how, tensors));
    if (how.method === "awq") return storedGroups(names, awqOf(module, how, tensors));
    return weightInvalid(`${module}.qweight`, "is quantised", "a quantization_config of GPTQ or AWQ in config.json");
  }
  if (tensors.has(`${module}.weight_packed`) || tensors.has(`${module}.weight_scale`)) {
    const name = tensors.has(`${module}.weight_packed`) ? `${module}.weight_packed` : `${module}.weight`;
    const names = { weight: name, index: `${module}.weight_g_idx` };
    if (how.method === "compressed-tensors") return storedGroups(names, compressedWeight(module, how, tensors));
    return weightInvalid(name, "is quantised", "a quantization_config of compressed-tensors in config.json");
  }
  return null;
}

/** `index` names the tensor of each column's group, where there is one. */
function storedGroups(names: Readonly<Record<"weight" | "index", string>>, groups: StoredGroups): StoredWeight {
  const plan = planGroups(groups);
  if (plan.kind === "problem") return weightInvalid(names[plan.tensor], plan.problem, plan.accepted);
  const { format, encoding, order } = plan;
  const { rows, columns } = groups;
  return {
    encoding,
    shape: [rows, columns],
    elements: rows * columns,
    parts: [{ role: "data", view: () => encodeGroups(groups.open(), format, order) }],
    columnOrder: order,
  };
}

function gptqOf(module: string, how: GptqQuantization, tensors: TensorReader): StoredGroups {
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
  if (gIdx !== null && !actOrder) requireInOrder(gIdx, columns / groups);
  const groupOf = gIdx !== null && actOrder ? wordsOf(gIdx) : null;
  return gptqGroups({ bits, version, qweight, qzeros, scales, groupOf });
}

/** Without act-order some writers leave the index at zeros, which stands for the same. */
function requireInOrder(gIdx: SafetensorsTensor, groupColumns: number): void {
  const groupOf = wordsOf(gIdx);
  if (groupOf.every((group) => group === 0)) return;
  const column = groupOf.findIndex((group, at) => group !== Math.floor(at / groupColumns));
  if (column < 0) return;
  weightInvalid(
    gIdx.name,
    `has group ${groupOf[column]} for column ${column}, and desc_act is false in config.json`,
    `column / ${groupColumns}, or desc_act true`,
  );
}

function awqOf(module: string, how: Extract<Quantization, { method: "awq" }>, tensors: TensorReader): StoredGroups {
  const qweight = tensors.get(`${module}.qweight`, ["I32"], [null, null]);
  const [columns = 0, rowWords = 0] = qweight.shape;
  const groups = groupCount(qweight, columns, how.groupColumns);
  const scales = tensors.get(`${module}.scales`, FLOAT_DTYPES, [groups, rowWords * 8]);
  const qzeros = tensors.get(`${module}.qzeros`, ["I32"], [groups, rowWords]);
  return awqGroups({ qweight, qzeros, scales });
}

function groupCount(weight: SafetensorsTensor, columns: number, groupColumns: number | null): number {
  if (groupColumns === null) return 1;
  if (columns % groupColumns === 0) return columns / groupColumns;
  return weightInvalid(weight.name, `has ${columns} columns`, `multiples of the group size ${groupColumns}`);
}
