/**
 * What a model would do on an Arm server: the ops' cost records over modelled loops (arm-rates.ts), the chip's published
 * bandwidth, and constants fitted to another engine's measurements. A projection: nothing here was measured on the chip.
 */

import { type Graph, weightsOf } from "../graph/graph.ts";
import { graphCost } from "../graph/graph-cost.ts";
import type { StepSizes, WeightRef } from "../graph/types.ts";
import type { ArmChip, ArmCore } from "./arm-chips.ts";
import { ARM_RATES } from "./arm-rates.ts";
import type { Efficiency } from "./fit-efficiency.ts";
import { packedBytes, type ProjectedModel, ratesOf } from "./projected-type.ts";

export interface ProjectedCase {
  readonly name: string;
  readonly tokensPerSecond: number;
  /** Share of the seconds in which memory, not a core, is waited for. */
  readonly memoryShare: number;
}

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
