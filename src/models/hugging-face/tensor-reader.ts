/** Tensors of a checkpoint by name, checked for dtype and shape, with what is accepted in the error. */

import { fail } from "../../base/errors.ts";
import type { SafetensorsDtype } from "../../formats/safetensors/dtypes.ts";
import type { SafetensorsTensor } from "../../formats/safetensors/model.ts";

export interface TensorReader {
  has(name: string): boolean;
  /** Null where there is no such tensor. */
  shapeOf(name: string): readonly number[] | null;
  /** Throws `weight_missing` and `weight_invalid`; a null size in `shape` may be any. */
  get(name: string, dtypes: readonly SafetensorsDtype[], shape: readonly (number | null)[]): SafetensorsTensor;
  /** As `get`; null where there is none. */
  find(name: string, dtypes: readonly SafetensorsDtype[], shape: readonly (number | null)[]): SafetensorsTensor | null;
}

export const FLOAT_DTYPES = ["F16", "BF16", "F32"] as const satisfies readonly SafetensorsDtype[];

export function tensorReader(tensors: ReadonlyMap<string, SafetensorsTensor>): TensorReader {
  const find: TensorReader["find"] = (name, dtypes, shape) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) return null;
    checkTensor(tensor, dtypes, shape);
    return tensor;
  };
  return {
    has: (name) => tensors.has(name),
    shapeOf: (name) => tensors.get(name)?.shape ?? null,
    find,
    get(name, dtypes, shape) {
      return find(name, dtypes, shape) ?? fail("weight_missing", { tensor: name, expected: sizesText(shape) });
    },
  };
}

function checkTensor(
  { name, dtype, shape }: SafetensorsTensor,
  dtypes: readonly SafetensorsDtype[],
  expected: readonly (number | null)[],
): void {
  if (!dtypes.includes(dtype)) weightInvalid(name, `has dtype ${dtype}`, dtypes.join(", "));
  const isRight =
    shape.length === expected.length && shape.every((size, i) => expected[i] === null || size === expected[i]);
  if (!isRight) weightInvalid(name, `has shape [${shape.join(", ")}]`, `shape ${sizesText(expected)}`);
}

export function weightInvalid(tensor: string, problem: string, accepted: string): never {
  return fail("weight_invalid", { tensor, problem, accepted });
}

/** [64, any]. */
function sizesText(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => size ?? "any").join(", ")}]`;
}
