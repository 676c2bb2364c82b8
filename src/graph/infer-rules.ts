/** Checks that several ops' shape rules share. Each reports a problem of the node being checked. */

import { QUANT_GROUP } from "../base/dtypes.ts";
import type { InferContext, ValueShape } from "./op.ts";
import type { ValueId, ValueInfo, WeightRef } from "./types.ts";

/** A value that must be f32. */
export function requireF32(context: InferContext, id: ValueId): ValueInfo {
  const value = context.value(id);
  context.require(value.type === "f32", `${value.name} is ${value.type}, not f32`);
  return value;
}

/** A value that a projection reads: f32 or q8a. */
export function requireOperand(context: InferContext, id: ValueId): ValueInfo {
  const value = context.value(id);
  context.require(value.type !== "i32", `${value.name} is i32; a projection reads f32 or q8a`);
  return value;
}

export function requireSameShape(context: InferContext, a: ValueInfo, b: ValueInfo): void {
  const same = a.rows === b.rows && a.columns === b.columns;
  context.require(same, `${a.name} is ${shapeText(a)} but ${b.name} is ${shapeText(b)}`);
}

export function requireColumns(context: InferContext, value: ValueInfo, columns: number): void {
  context.require(value.columns === columns, `${value.name} has ${value.columns} columns, not ${columns}`);
}

export function requireTokenRows(context: InferContext, value: ValueInfo): void {
  context.require(value.rows === "tokens", `the rows of ${value.name} are not the step's tokens`);
}

/** A matrix that projects `x`. */
export function requireProjection(context: InferContext, x: ValueInfo, weight: WeightRef): void {
  context.require(weight.kind === "matrix", `${weight.tensor} is a vector, not a matrix`);
  context.require(
    weight.columns === x.columns,
    `${weight.tensor} is [${weight.rows}, ${weight.columns}] but ${x.name} has ${x.columns} columns`,
  );
}

/** A vector of `length`, or no vector. */
export function requireVector(context: InferContext, vector: WeightRef | null, length: number): void {
  if (vector === null) return;
  context.require(vector.kind === "vector", `${vector.tensor} is a matrix, not a vector`);
  context.require(vector.columns === length, `${vector.tensor} has ${vector.columns} elements, not ${length}`);
}

/** A value of whole heads, each of the KV group's dimension. */
export function requireHeads(context: InferContext, value: ValueInfo, heads: number): void {
  context.require(Number.isInteger(heads) && heads >= 1, `${heads} is not a count of heads`);
  requireColumns(context, value, heads * context.kv.headDim);
}

export function requireLayer(context: InferContext, layer: number): void {
  const { layers } = context.kv;
  context.require(
    Number.isInteger(layer) && layer >= 0 && layer < layers,
    `layer ${layer} is outside 0..${layers - 1}`,
  );
}

/** The result of an op that can quantise what it makes. */
export function quantizable(context: InferContext, type: "f32" | "q8a", like: Omit<ValueShape, "type">): ValueShape {
  if (type === "q8a") requireGroups(context, like.columns);
  return { type, rows: like.rows, columns: like.columns };
}

/** `columns` must divide into quantisation groups. */
export function requireGroups(context: InferContext, columns: number): void {
  context.require(columns % QUANT_GROUP === 0, `${columns} columns do not divide into groups of ${QUANT_GROUP}`);
}

function shapeText(value: ValueInfo): string {
  return `[${value.rows}, ${value.columns}]`;
}
