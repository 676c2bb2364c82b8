/** A program as stable text: weights, buffers in the arena, instructions by stage. */

import { at } from "../base/invariant.ts";
import { type FieldKind, INSTRUCTION_FIELDS, type Instruction, type Program, type WeightSpec } from "./program.ts";

export function printProgram(program: Program): string {
  const { kv, maxTokens, maxLogitRows, arenaBytes } = program;
  const lines = [
    `program: ${maxTokens} tokens, ${maxLogitRows} logit rows, arena ${arenaBytes} bytes`,
    `kv: ${kv.layers} layers x ${kv.kvHeads} heads x ${kv.headDim}, ${kv.type}, pages of ${kv.pageTokens} tokens`,
  ];
  for (const [index, weight] of program.weights.entries()) lines.push(`w${index} ${printWeight(weight)}`);
  for (const [index, { name, offset, rowBytes, rows, columns, type }] of program.buffers.entries()) {
    lines.push(`b${index} ${name}: ${type}[${rows}, ${columns}] at ${offset}, ${rowBytes} bytes a row`);
  }
  let stage = -1;
  for (const instruction of program.instructions) {
    if (instruction.stage !== stage) lines.push(`stage ${instruction.stage}`);
    stage = instruction.stage;
    lines.push(`  ${printInstruction(instruction)}`);
  }
  lines.push(`logits b${program.logits} ${at(program.buffers, program.logits).name}`);
  return `${lines.join("\n")}\n`;
}

function printWeight(weight: WeightSpec): string {
  const order = weight.rowOrder.kind === "source" ? "" : ` ${weight.rowOrder.kind}`;
  if (weight.kind === "matrix") return `${weight.tensor}: ${weight.format}[${weight.rows}, ${weight.columns}]${order}`;
  return `${weight.tensor}: vector[${weight.length}]${order}${weight.values === null ? "" : " computed"}`;
}

const PREFIXES: { readonly [Kind in FieldKind]: string } = {
  buffer: "b",
  weight: "w",
  optionalWeight: "w",
  int: "",
  float: "",
};

function printInstruction(instruction: Instruction): string {
  const values = instruction as unknown as Readonly<Record<string, number>>;
  const words: string[] = [instruction.kind];
  for (const [field, kind] of Object.entries<FieldKind>(INSTRUCTION_FIELDS[instruction.kind])) {
    if (kind !== "optionalWeight" || values[field] !== -1) words.push(`${field}=${PREFIXES[kind]}${values[field]}`);
  }
  return words.join(" ");
}
