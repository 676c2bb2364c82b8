/**
 * A program's weights on the native side: packed from what a model's file holds, or opened from a file of
 * packed weights. Which of the two, and where such files are kept, is not decided here.
 */

import { WEIGHT_FORMAT_CODES } from "../base/weight-formats.ts";
import { planWeights, type WeightPlan } from "../compile/plan-weights.ts";
import type { MatrixSpec, VectorSpec, WeightSpec } from "../compile/program.ts";
import { decodeRows } from "../formats/quant/rows.ts";
import { sourceRow } from "../graph/weight-ref.ts";
import type { Addon, WeightStoreHandle, WeightStoreOptions } from "./addon-types.ts";
import { nativeCall } from "./native-call.ts";

/** A tensor as the file stores it. */
export interface WeightBytes {
  readonly bytes: Uint8Array;
  /** GGUF's number of the tensor type, or that of a group format. */
  readonly ggmlType: number;
}

export interface PackOptions {
  readonly weights: readonly WeightSpec[];
  /** Called once for each weight that a tensor holds, in the order of the table. */
  readonly weightBytes: (spec: WeightSpec) => WeightBytes;
  readonly isa: string;
  readonly threads: number;
  readonly addon: Addon;
  /** After each weight, in weight elements. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const STORE = "The weight store";

/** Packs all weights, seconds for a model of gigabytes. The caller disposes of the store. Throws `native_failed`. */
export function packWeights(options: PackOptions): WeightStoreHandle {
  const { weights, weightBytes, onProgress } = options;
  const plan = planWeights(weights);
  const total = weights.reduce((sum, spec) => sum + elementsOf(spec), 0);
  let done = 0;
  return withStore(options, { bytes: plan.bytes }, plan, weights, (store, spec, offset) => {
    if (spec.kind === "matrix") packMatrix(store, spec, weightBytes(spec), offset);
    else store.addVector(spec.values ?? vectorValues(spec, weightBytes(spec)), offset);
    done += elementsOf(spec);
    onProgress?.(done, total);
  });
}

export interface OpenWeightsOptions {
  readonly weights: readonly WeightSpec[];
  readonly path: string;
  /** Where the packed weights begin in the file. */
  readonly offset: number;
  readonly isa: string;
  readonly threads: number;
  readonly addon: Addon;
}

/** Maps what `packWeights` made for the same table. Nothing is read yet. Throws `native_failed`. */
export function openWeights(options: OpenWeightsOptions): WeightStoreHandle {
  const { weights, path, offset: begin } = options;
  const plan = planWeights(weights);
  return withStore(options, { bytes: plan.bytes, path, offset: begin }, plan, weights, (store, spec, offset) => {
    if (spec.kind === "vector") store.openVector(spec.length, offset);
    else store.openMatrix(WEIGHT_FORMAT_CODES.indexOf(spec.format), spec.rows, spec.columns, offset);
  });
}

/** A store with every weight put in its place by `place`; none where that throws. */
function withStore(
  { addon, isa, threads }: Pick<PackOptions, "addon" | "isa" | "threads">,
  region: Pick<WeightStoreOptions, "bytes" | "path" | "offset">,
  { offsets }: WeightPlan,
  weights: readonly WeightSpec[],
  place: (store: WeightStoreHandle, spec: WeightSpec, offset: number) => void,
): WeightStoreHandle {
  const store = nativeCall(STORE, "WeightStore", () => new addon.WeightStore({ isa, threads, ...region }));
  try {
    for (const [index, spec] of weights.entries()) {
      nativeCall(STORE, `pack ${spec.tensor}`, () => place(store, spec, offsets[index] ?? 0));
    }
    return store;
  } catch (error) {
    store.dispose();
    throw error;
  }
}

function elementsOf(spec: WeightSpec): number {
  return spec.kind === "matrix" ? spec.rows * spec.columns : spec.length;
}

function packMatrix(store: WeightStoreHandle, spec: MatrixSpec, { bytes, ggmlType }: WeightBytes, offset: number) {
  const format = WEIGHT_FORMAT_CODES.indexOf(spec.format);
  const ropeHeadDim = spec.rowOrder.kind === "rope-halves" ? spec.rowOrder.headDim : 0;
  store.packMatrix(bytes, ggmlType, format, spec.rows, spec.columns, ropeHeadDim, offset);
}

/** A vector as f32, its elements in the order of the rows that it belongs to. */
function vectorValues(spec: VectorSpec, { bytes, ggmlType }: WeightBytes): Float32Array {
  const stored = decodeRows(ggmlType, bytes, spec.length);
  if (spec.rowOrder.kind === "source") return stored;
  return Float32Array.from(stored, (_, index) => stored[sourceRow(spec.rowOrder, index)] ?? 0);
}
