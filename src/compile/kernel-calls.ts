/**
 * Nodes as kernel calls, in stages. An op of several kernels becomes as many calls, with a value
 * between them where the result itself cannot serve; a call's stage is the one after those of all that
 * it reads, so that calls of one stage are independent.
 */

import { at, invariant } from "../base/invariant.ts";
import { type Graph, inputsOf, layerOf } from "../graph/graph.ts";
import { type Node, opOf } from "../graph/ops/table.ts";
import type { ValueId, ValueInfo } from "../graph/types.ts";
import { INSTRUCTION_FIELDS, type InstructionName } from "./program.ts";

export interface KernelCall {
  readonly kernel: InstructionName;
  /** Where weights and attributes come from. */
  readonly node: Node;
  readonly inputs: ReadonlyMap<string, ValueId>;
  readonly out: ValueId | null;
  readonly stage: number;
}

export interface KernelSchedule {
  /** By stage, and within one in the order of the graph. */
  readonly calls: readonly KernelCall[];
  /** The graph's values, and those between the kernels of one op. */
  readonly values: readonly ValueInfo[];
}

export function scheduleKernels(graph: Graph): KernelSchedule {
  const values: ValueInfo[] = [...graph.values];
  const drafts = graph.nodes.flatMap((node) => kernelChain(node, values));
  /** Stage that wrote a value, or K and V of a layer, last. */
  const written = new Map<ValueId, number>();
  const pagesWritten = new Map<number, number>();
  const calls = drafts.map((draft) => {
    const { pages } = opOf(draft.node);
    const layer = layerOf(draft.node);
    const reads = [...draft.inputs.values()].map((id) => written.get(id));
    if (pages === "reads" && layer !== null) reads.push(pagesWritten.get(layer));
    const stage = 1 + reads.reduce<number>((latest, read) => Math.max(latest, stageOf(read)), -1);
    if (draft.out !== null) written.set(draft.out, stage);
    if (pages === "writes" && layer !== null) pagesWritten.set(layer, stage);
    return { ...draft, stage };
  });
  return { calls: calls.toSorted((a, b) => a.stage - b.stage), values };
}

/** The node's kernels, each reading what the one before it wrote; appends values between them. */
function kernelChain(node: Node, values: ValueInfo[]): readonly Omit<KernelCall, "stage">[] {
  const { kernels } = opOf(node);
  let inputs: ReadonlyMap<string, ValueId> = new Map(inputsOf(node));
  return kernels.map((kernel, index) => {
    const isLast = index === kernels.length - 1;
    const out = isLast ? node.out : intermediate(node, values);
    const call = { kernel: requireKernel(kernel), node, inputs, out };
    if (out !== null) inputs = new Map([["x", out]]);
    return call;
  });
}

/** The result's own value where it is f32, else an f32 value of its shape. */
function intermediate(node: Node, values: ValueInfo[]): ValueId | null {
  if (node.out === null) return null;
  const result = at(values, node.out);
  if (result.type === "f32") return node.out;
  values.push({ ...result, name: `${result.name}.f32`, type: "f32" });
  return values.length - 1;
}

function requireKernel(name: string): InstructionName {
  invariant(Object.hasOwn(INSTRUCTION_FIELDS, name), `${name} is an instruction`);
  return name as InstructionName;
}

function stageOf(written: number | undefined): number {
  invariant(written !== undefined, "what a kernel reads was written before");
  return written;
}
