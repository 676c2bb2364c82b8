/**
 * What a model would do on an Arm server: the ops' cost records over modelled loops (arm-rates.ts), the chip's published
 * bandwidth, and constants fitted to another engine's measurements. A projection: nothing here was measured on the chip.
 */

import { fail } from "../base/errors.ts";
import { type WeightFormat, weightRowBytes } from "../base/weight-formats.ts";
import { weightFormatOf } from "../compile/weight-formats.ts";
import type { DecodableType } from "../formats/quant/decodable-types.ts";
import { type Graph, weightsOf } from "../graph/graph.ts";
import { graphCost } from "../graph/graph-cost.ts";
import type { StepSizes, WeightRef } from "../graph/types.ts";
import type { ArmChip, ArmCore } from "./arm-chips.ts";
import { ARM_RATES } from "./arm-rates.ts";
import type { Efficiency } from "./fit-efficiency.ts";

/** How a matrix is stored: as in GGUF files, or in groups of 128 with zero points. */
type ProjectedType = DecodableType | typeof GROUPS_OF_128;

export interface ProjectedModel {
  readonly graph: Graph;
  readonly typeOf: (ref: WeightRef) => ProjectedType;
}

export interface ProjectedCase {
  readonly name: string;
  readonly tokensPerSecond: number;
  /** Share of the seconds in which memory, not a core, is waited for. */
  readonly memoryShare: number;
}

const GROUPS_OF_128 = "int4_g128_zero" satisfies WeightFormat;

/** Rows of ARM_RATES by tensor type. */
const MODELLED = {
  Q4_0: ["GEMM Q4_0, unpacked for 96 tokens", "GEMV Q4_0"],
  Q8_0: ["GEMM Q8_0, unpacked for 96 tokens", "GEMV Q8_0"],
  Q2_K: ["GEMM Q2_K, unpacked for 96 tokens", "GEMV Q2_K"],
  Q4_K: ["GEMM Q4_K, unpacked for 96 tokens", "GEMV Q4_K"],
  Q5_K: ["GEMM Q5_K, unpacked for 96 tokens", "GEMV Q5_K"],
  Q6_K: ["GEMM Q6_K, unpacked for 96 tokens", "GEMV Q6_K"],
  [GROUPS_OF_128]: ["GEMM int4 group-128, unpacked for 96 tokens", "GEMV int4 group-128"],
} as const satisfies { readonly [Type in ProjectedType]?: readonly [keyof typeof ARM_RATES, keyof typeof ARM_RATES] };

type ModelledType = keyof typeof MODELLED;

export const isModelled = (type: ProjectedType): type is ModelledType => Object.hasOwn(MODELLED, type);

const SCORES = "Attention, Q times K in int8";
const VALUES = "Attention, probabilities of 15 bits times V";

/** int8 pages: K and V of a position and head are `headDim` bytes and an f32 scale each. */
const kvPositionBytes = ({ kv }: Graph): number => 2 * kv.kvHeads * (kv.headDim + 4);

/** Core cycles of a step, and bytes that it reads. */
interface Work {
  readonly cycles: number;
  readonly bytes: number;
}

/** Throws `invalid_option` where a matrix has a type whose loops are not modelled. */
export function projectSpeed(
  model: ProjectedModel,
  chip: ArmChip,
  threads: number,
  efficiency: Efficiency,
  promptTokens: number,
): readonly ProjectedCase[] {
  const perSecond = threads * chip.hertz;
  const attended = (promptTokens * (promptTokens + 1)) / 2;
  const prefill = workOf(model, chip.core, { tokens: promptTokens, logitRows: 1, attendedPositions: attended }, false);
  const decode = workOf(model, chip.core, { tokens: 1, logitRows: 1, attendedPositions: promptTokens + 1 }, true);
  const prefillSeconds = prefill.cycles / (perSecond * efficiency.prefill);
  const coreSeconds = decode.cycles / (perSecond * efficiency.core);
  const memorySeconds = decode.bytes / (chip.bytesPerSecond * efficiency.memory);
  return [
    { name: `prefill of ${promptTokens}`, tokensPerSecond: promptTokens / prefillSeconds, memoryShare: 0 },
    {
      name: `decode after ${promptTokens}`,
      tokensPerSecond: 1 / (coreSeconds + memorySeconds),
      memoryShare: memorySeconds / (coreSeconds + memorySeconds),
    },
  ];
}

function workOf({ graph, typeOf }: ProjectedModel, core: ArmCore, sizes: StepSizes, oneRow: boolean): Work {
  let cycles = 0;
  let bytes = 0;
  const bytesOf = (ref: WeightRef): number => packedBytes(ref, typeOf);
  const storage = { weightBytes: bytesOf, kvPositionBytes: kvPositionBytes(graph) };
  for (const node of graph.nodes) {
    const cost = graphCost({ ...graph, nodes: [node] }, sizes, storage);
    bytes += cost.bytes;
    const matrices = weightsOf(node).flatMap(([, ref]) => (ref.kind === "matrix" ? [ref] : []));
    if (node.op === "attention") cycles += (cost.flops / 4) * attentionCycles(core);
    if (node.op === "attention" || node.op === "embed" || matrices.length === 0) continue;
    const elements = matrices.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    for (const ref of matrices) {
      const [many, one] = ratesOf(typeOf(ref), core);
      const share = (ref.rows * ref.columns) / elements;
      cycles += oneRow ? bytesOf(ref) / one : ((cost.flops / 2) * share) / many;
    }
  }
  return { cycles, bytes };
}

/** For a multiplication of a score and one of a value. */
function attentionCycles(core: ArmCore): number {
  return 1 / ARM_RATES[SCORES][core] + 1 / ARM_RATES[VALUES][core];
}

function ratesOf(type: ProjectedType, core: ArmCore): readonly [many: number, one: number] {
  if (!isModelled(type)) {
    return fail("invalid_option", {
      option: "--model",
      problem: `it has matrices in ${type}, whose loops are not modelled; modelled are ${Object.keys(MODELLED).join(", ")}.`,
    });
  }
  const [many, one] = MODELLED[type];
  return [ARM_RATES[many][core], ARM_RATES[one][core]];
}

/** As the kernels read it, in which units the loops' rates are. */
function packedBytes(ref: WeightRef, typeOf: ProjectedModel["typeOf"]): number {
  if (ref.kind === "vector") return ref.rows * ref.columns * 4;
  return ref.rows * weightRowBytes(packedFormat(typeOf(ref)), ref.columns);
}

function packedFormat(type: ProjectedType): WeightFormat {
  if (type === GROUPS_OF_128) return type;
  return weightFormatOf({ encoding: { kind: "ggml", type }, columnOrder: null }, "own");
}
