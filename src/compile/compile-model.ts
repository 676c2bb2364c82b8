/** From a model's graph to its program, with every step in between open to `turnwise inspect --dump`. */

import { invariant } from "../base/invariant.ts";
import type { Graph } from "../graph/graph.ts";
import { printGraph } from "../graph/print-graph.ts";
import type { WeightRef } from "../graph/types.ts";
import { lowerGraph, type ProgramOptions } from "./lower.ts";
import type { PassContext } from "./pass.ts";
import { PASSES, requirePassName, runPasses } from "./passes.ts";
import { printProgram } from "./print-program.ts";
import type { Program } from "./program.ts";
import { type StoredForm, weightFormatOf } from "./weight-formats.ts";

/** How the source stores each weight, by name. */
export type WeightEncodings = ReadonlyMap<string, StoredForm>;

export interface CompileResult {
  readonly program: Program;
  /** After all passes: what the program computes, for the interpreter and for costs. */
  readonly graph: Graph;
  /** The text of one of `DUMP_NAMES`; throws `pass_unknown` for another name. */
  dump(name: string): string;
}

/** The graph as built, after each pass, and the program. */
export const DUMP_NAMES: readonly string[] = ["graph", ...PASSES.map(({ name }) => name), "program"];

/** Compiles `graph`, whose weights have been bound to a source's. */
export function compileModel(graph: Graph, weights: WeightEncodings, options: ProgramOptions): CompileResult {
  const context = passContext(weights);
  const passes = runPasses(graph, context);
  const last = passes.at(-1)?.graph ?? graph;
  const program = lowerGraph(last, context, options);
  return {
    program,
    graph: last,
    dump(name) {
      const known = requirePassName(name, DUMP_NAMES);
      if (known === "program") return printProgram(program);
      const found = passes.find(({ pass }) => pass.name === known);
      return printGraph(found?.graph ?? graph, context.formatOf);
    },
  };
}

/** What passes ask of a source. */
export function passContext(weights: WeightEncodings): PassContext {
  const formOf = ({ tensor }: WeightRef): StoredForm => {
    const found = weights.get(tensor);
    invariant(found !== undefined, `${tensor} is bound`);
    return found;
  };
  return {
    formatOf: (ref) => weightFormatOf(formOf(ref), ref.columnOrder),
    storedOrderOf: (ref) => formOf(ref).columnOrder,
  };
}
