/**
 * A graph, after the passes or before, to a program. Instructions are filled by name: a kernel's fields
 * are called as the inputs, weights and attributes of the op that it computes.
 */

import type { KvType } from "../base/dtypes.ts";
import { at, invariant, unreachable } from "../base/invariant.ts";
import { operandOf } from "../base/weight-formats.ts";
import { type Graph, weightsOf } from "../graph/graph.ts";
import type { Node } from "../graph/ops/table.ts";
import type { ValueId, WeightRef } from "../graph/types.ts";
import { verifyGraph } from "../graph/verify-graph.ts";
import { type KernelCall, scheduleKernels } from "./kernel-calls.ts";
import type { PassContext } from "./pass.ts";
import { type BufferPlan, planBuffers } from "./plan-buffers.ts";
import { type FieldKind, INSTRUCTION_FIELDS, type Instruction, type Program } from "./program.ts";
import { type WeightTable, weightTable } from "./weight-table.ts";

export interface ProgramOptions {
  /** Rows that one step takes. */
  readonly maxTokens: number;
  /** Logits rows that one step makes. */
  readonly maxLogitRows: number;
  readonly kvType: KvType;
  readonly pageTokens: number;
}

export function lowerGraph(graph: Graph, context: PassContext, options: ProgramOptions): Program {
  const { maxTokens, maxLogitRows, kvType, pageTokens } = options;
  for (const size of [maxTokens, maxLogitRows, pageTokens]) {
    invariant(Number.isSafeInteger(size) && size >= 1, `${size} is a size`);
  }
  verifyGraph(graph);
  for (const node of graph.nodes) verifyOperands(graph, node, context);
  const schedule = scheduleKernels(graph);
  const plan = planBuffers(schedule, { tokens: maxTokens, logitRows: maxLogitRows }, graph.output);
  const weights = weightTable(graph, context);
  return {
    maxTokens,
    maxLogitRows,
    arenaBytes: plan.arenaBytes,
    vocabSize: at(graph.values, graph.output).columns,
    kv: { ...graph.kv, type: kvType, pageTokens },
    buffers: plan.buffers,
    weights: weights.specs,
    instructions: schedule.calls.map((call) => instructionOf(call, plan, weights)),
    logits: plan.bufferOf(graph.output),
  };
}

/** Each format has its operand; only here are both formats and types known. */
function verifyOperands(graph: Graph, node: Node, { formatOf }: PassContext): void {
  if (!("x" in node.inputs)) return;
  const { type } = at(graph.values, node.inputs.x);
  for (const [, ref] of weightsOf(node)) {
    if (ref.kind !== "matrix") continue;
    const wanted = operandOf(formatOf(ref));
    invariant(type === wanted, `${node.name} multiplies ${ref.tensor} (${formatOf(ref)}) with ${wanted}, not ${type}`);
  }
}

function instructionOf(call: KernelCall, plan: BufferPlan, weights: WeightTable): Instruction {
  const fields: Record<string, number> = {};
  for (const [field, kind] of Object.entries<FieldKind>(INSTRUCTION_FIELDS[call.kernel])) {
    fields[field] = fieldOf(call, field, kind, plan, weights);
  }
  // The fields are those that INSTRUCTION_FIELDS lists for this kind.
  return { kind: call.kernel, stage: call.stage, ...fields } as unknown as Instruction;
}

function fieldOf(call: KernelCall, field: string, kind: FieldKind, plan: BufferPlan, weights: WeightTable): number {
  const nodeWeights: Readonly<Record<string, WeightRef | null>> = call.node.weights;
  const attributes: Readonly<Record<string, number | string>> = call.node.attributes;
  switch (kind) {
    case "buffer": {
      const id: ValueId | null | undefined = field === "out" ? call.out : call.inputs.get(field);
      invariant(id !== undefined && id !== null, `${call.kernel} of ${call.node.name} has ${field}`);
      return plan.bufferOf(id);
    }
    case "weight":
    case "optionalWeight": {
      const ref = nodeWeights[field];
      if (ref === null && kind === "optionalWeight") return -1;
      invariant(ref !== undefined && ref !== null, `${call.kernel} of ${call.node.name} has ${field}`);
      return weights.indexOf(ref);
    }
    case "int":
    case "float": {
      const value = attributes[field];
      invariant(typeof value === "number", `${call.kernel} of ${call.node.name} has ${field}`);
      return value;
    }
    default:
      return unreachable(kind);
  }
}
