/**
 * Programs that cannot go wrong at run time: what an instruction reads is still in its buffer, whatever
 * order the instructions of a stage run in. Checked by tracing which value each byte holds.
 */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGraphBuilder, type GraphBuilder } from "../graph/graph-builder.ts";
import type { Graph } from "../graph/graph.ts";
import { OPS } from "../graph/ops/table.ts";
import type { ValueId } from "../graph/types.ts";
import { matrixRef } from "../graph/weight-ref.ts";
import { scheduleKernels } from "./kernel-calls.ts";
import { lowerGraph } from "./lower.ts";
import type { PassContext } from "./pass.ts";
import { runPasses } from "./passes.ts";
import { INSTRUCTION_FIELDS, type Program } from "./program.ts";

const OPTIONS = { maxTokens: 3, maxLogitRows: 2, kvType: "f32", pageTokens: 16 } as const;
/** "w4" is an int4_g32 matrix, all others are f32. */
const CONTEXT: PassContext = {
  formatOf: ({ tensor }) => (tensor === "w4" ? "int4_g32" : "f32"),
  storedOrderOf: () => null,
};
const KV = { layers: 25, kvHeads: 1, headDim: 32 } as const;
const WIDTH = 32;

/** A chain of projections, additions, SwiGLUs and attentions whose operands are any earlier values. */
const randomGraphs = fc
  .array(fc.tuple(fc.constantFrom("linear", "add", "swiglu", "attention"), fc.nat(), fc.nat()), {
    minLength: 1,
    maxLength: 25,
  })
  .map((steps): Graph => {
    const graph = createGraphBuilder("random", KV);
    const values = [embed(graph)];
    for (const [index, [op, first, second]] of steps.entries()) {
      const a = values[first % values.length] ?? 0;
      const b = values[second % values.length] ?? 0;
      values.push(op === "attention" ? attend(graph, index, a, b) : step(graph, `${op}${index}`, op, a, b));
    }
    const x = values.at(-1) ?? 0;
    return graph.finish(graph.add("gather_rows", "rows", { inputs: { x }, weights: {}, attributes: {} }));
  });

function embed(graph: GraphBuilder): ValueId {
  const weight = matrixRef("embed", 9, WIDTH);
  return graph.add("embed", "embed", { inputs: {}, weights: { weight }, attributes: {} });
}

/** Attention of a layer of its own, quantised, and a projection of that by q4. */
function attend(graph: GraphBuilder, layer: number, a: ValueId, b: ValueId): ValueId {
  graph.add("kv_store", `store${layer}`, { inputs: { k: a, v: b }, weights: {}, attributes: { layer } });
  const attributes = { layer, heads: 1, scale: 1, outType: "q8a" } as const;
  const x = graph.add("attention", `attention${layer}`, { inputs: { q: a }, weights: {}, attributes });
  const weights = { weight: matrixRef("w4", WIDTH, WIDTH), bias: null };
  return graph.add("linear", `after${layer}`, { inputs: { x }, weights, attributes: {} });
}

function step(graph: GraphBuilder, name: string, op: string, a: ValueId, b: ValueId): ValueId {
  if (op === "add") return graph.add("add", name, { inputs: { a, b }, weights: {}, attributes: {} });
  if (op === "swiglu") return graph.add("swiglu", name, { inputs: { gate: a, up: b }, weights: {}, attributes: {} });
  const weights = { weight: matrixRef("w", WIDTH, WIDTH), bias: null };
  return graph.add("linear", name, { inputs: { x: a }, weights, attributes: {} });
}

/** Buffers an instruction reads and writes; of attend_reduce's and linear_add's one buffer, both. */
function accesses(program: Program): { stage: number; reads: number[]; writes: number[]; name: string }[] {
  return program.instructions.map((instruction) => {
    const fields = Object.entries(INSTRUCTION_FIELDS[instruction.kind]);
    const values = instruction as unknown as Readonly<Record<string, number>>;
    const buffers = (wanted: boolean): number[] =>
      fields
        .filter(([field, kind]) => kind === "buffer" && (field === "out") === wanted)
        .map(([field]) => values[field] ?? -1);
    return { stage: instruction.stage, reads: buffers(false), writes: buffers(true), name: instruction.kind };
  });
}

function overlap(program: Program, a: number, b: number): boolean {
  const [x, y] = [program.buffers[a], program.buffers[b]];
  if (x === undefined || y === undefined) return true;
  const end = ({ offset, rowBytes, rows }: typeof x): number =>
    offset + rowBytes * (rows === "tokens" ? program.maxTokens : program.maxLogitRows);
  return x.offset < end(y) && y.offset < end(x);
}

/** Instructions of one stage that touch the same bytes, one of them writing. */
function conflicts(program: Program): string[] {
  const all = accesses(program);
  return all.flatMap((a, i) =>
    all.flatMap((b, j) =>
      i !== j &&
      a.stage === b.stage &&
      a.writes.some((written) => [...b.reads, ...b.writes].some((touched) => overlap(program, written, touched)))
        ? [`${a.name} and ${b.name} of stage ${a.stage}`]
        : [],
    ),
  );
}

/** Values that an instruction reads from a buffer which does not hold them any more, or not yet. */
function lostValues(graph: Graph, program: Program): string[] {
  const held = new Map<number, ValueId>();
  const lost: string[] = [];
  const instructions = accesses(program);
  for (const [index, call] of scheduleKernels(graph).calls.entries()) {
    const { reads, writes, name } = instructions[index] ?? { reads: [], writes: [], name: "missing" };
    for (const [position, id] of [...call.inputs.values()].entries()) {
      if (held.get(reads[position] ?? -1) !== id) lost.push(`${name} ${call.node.name} reads value ${id}`);
    }
    for (const written of writes) {
      for (const other of held.keys()) if (overlap(program, other, written)) held.delete(other);
      if (call.out !== null) held.set(written, call.out);
    }
  }
  if (held.get(program.logits) !== graph.output) lost.push("the logits are gone at the end");
  return lost;
}

describe("lowerGraph", () => {
  it("makes programs in which no value is lost and no stage conflicts with itself", () => {
    fc.assert(
      fc.property(randomGraphs, fc.boolean(), (plain, fused) => {
        const graph = fused ? (runPasses(plain, CONTEXT).at(-1)?.graph ?? plain) : plain;
        const program = lowerGraph(graph, CONTEXT, OPTIONS);
        expect(conflicts(program)).toEqual([]);
        expect(lostValues(graph, program)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("takes over the residual's buffer only at its last use", () => {
    const graph = createGraphBuilder("residual", KV);
    const x = embed(graph);
    const weights = { weight: matrixRef("w", WIDTH, WIDTH), bias: null };
    const a = graph.add("linear_add", "a", { inputs: { x, residual: x }, weights, attributes: {} });
    const b = graph.add("linear_add", "b", { inputs: { x: a, residual: a }, weights, attributes: {} });
    const c = graph.add("linear_add", "c", { inputs: { x: b, residual: a }, weights, attributes: {} });
    const out = graph.add("gather_rows", "rows", { inputs: { x: c }, weights: {}, attributes: {} });
    const program = lowerGraph(graph.finish(out), CONTEXT, OPTIONS);
    const outs = program.instructions.map((instruction) => ("out" in instruction ? instruction.out : -1));
    // x and a are operands too, which tasks of other columns still read; c may replace a, which it only adds.
    expect(outs).toEqual([0, 1, 2, 1, 3]);
  });

  it("never overwrites the output", () => {
    const graph = createGraphBuilder("output", KV);
    const output = graph.add("gather_rows", "rows", { inputs: { x: embed(graph) }, weights: {}, attributes: {} });
    const x = step(graph, "x", "linear", output, output);
    const weights = { weight: matrixRef("w", WIDTH, WIDTH), bias: null };
    graph.add("linear_add", "late", { inputs: { x, residual: output }, weights, attributes: {} });
    const finished = graph.finish(output);
    expect(lostValues(finished, lowerGraph(finished, CONTEXT, OPTIONS))).toEqual([]);
  });

  it("keeps operands and weights of one kind", () => {
    const graph = createGraphBuilder("mixed", KV);
    const x = embed(graph);
    const y = step(graph, "y", "linear", x, x);
    const out = graph.finish(graph.add("gather_rows", "rows", { inputs: { x: y }, weights: {}, attributes: {} }));
    expect(() => lowerGraph(out, { ...CONTEXT, formatOf: () => "int4_g32" }, OPTIONS)).toThrow(
      /y multiplies w \(int4_g32\) with q8a, not f32/,
    );
  });

  it("shares one packed matrix between the embedding and the head", () => {
    const graph = createGraphBuilder("tied", KV);
    const x = embed(graph);
    const rows = graph.add("gather_rows", "rows", { inputs: { x }, weights: {}, attributes: {} });
    const weights = { weight: matrixRef("embed", 9, WIDTH), bias: null };
    const logits = graph.add("linear", "logits", { inputs: { x: rows }, weights, attributes: {} });
    const program = lowerGraph(graph.finish(logits), CONTEXT, OPTIONS);
    expect(program.weights).toHaveLength(1);
    expect(program.vocabSize).toBe(9);
  });

  it("knows the instructions of every op", () => {
    for (const { kernels } of Object.values(OPS)) {
      for (const kernel of kernels) expect(Object.keys(INSTRUCTION_FIELDS)).toContain(kernel);
    }
  });
});
