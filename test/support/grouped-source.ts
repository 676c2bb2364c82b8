/** A model of floats with the matrices of its layers as a checkpoint's groups, in any of the stored formats. */

import {
  encodeGroups,
  GROUP_FORMATS,
  type GroupFormat,
  type GroupMatrix,
} from "../../src/formats/group-quant/group-blocks.ts";
import { decodeWeightValues, type StoredWeight } from "../../src/formats/stored-weight.ts";
import type { ModelSource } from "../../src/models/model-source.ts";
import { type QuantizedGroups, quantizeGroups } from "./checkpoints/quantize-groups.ts";

/** Takes over `source`. Groups of the format divide the rows of all those matrices. */
export function groupedSource(source: ModelSource, format: GroupFormat): ModelSource {
  const weightOf = source.weight.bind(source);
  source.weight = (name) => {
    const weight = weightOf(name);
    return weight === null || weight.shape.length === 1 || !name.startsWith("blk.") ? weight : grouped(weight, format);
  };
  return source;
}

function grouped(weight: StoredWeight, format: GroupFormat): StoredWeight {
  const { bits, groupColumns, scaleBytes } = GROUP_FORMATS[format];
  const view = (): Uint8Array => {
    const rounding = { bits, groupColumns, symmetric: false, scaleType: scaleBytes === 2 ? "F16" : "F32" } as const;
    const rounded = quantizeGroups(decodeWeightValues(weight), weight.shape[1] ?? 0, rounding);
    return encodeGroups(matrixOf(rounded), format, null);
  };
  return { ...weight, encoding: { kind: "groups", format }, parts: [{ role: "data", view }] };
}

function matrixOf({ bits, rows, columns, groups, scales, zeroPoints, values }: QuantizedGroups): GroupMatrix {
  return {
    bits,
    rows,
    columns,
    groups,
    groupOf: null,
    scale: (row, group) => scales[row * groups + group] ?? 0,
    zeroPoint: (row, group) => zeroPoints[row * groups + group] ?? 0,
    readValues: (first, count, out) => out.set(values.subarray(first * columns, (first + count) * columns)),
  };
}
