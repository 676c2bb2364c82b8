/**
 * Values to buffers of the arena. A value has its own buffer, unless its op may overwrite an input that
 * nothing else reads any more: the residual stream stays in one place.
 */

import { alignUp } from "../base/bytes.ts";
import { QUANT_GROUP } from "../base/dtypes.ts";
import { at, invariant } from "../base/invariant.ts";
import { opOf } from "../graph/ops/table.ts";
import type { RowDim, ValueId, ValueInfo } from "../graph/types.ts";
import type { KernelCall, KernelSchedule } from "./kernel-calls.ts";
import { planArena } from "./plan-arena.ts";
import type { BufferSpec } from "./program.ts";

/** Rows and buffers begin at multiples of a cache line, which is also the widest vector. */
export const BUFFER_ALIGNMENT = 64;

export interface BufferPlan {
  readonly buffers: readonly BufferSpec[];
  readonly arenaBytes: number;
  /** The buffer that holds a value. */
  bufferOf(id: ValueId): number;
}

/** `maxRows` is how many rows a buffer of each kind has; `output` is kept to the end of the step. */
export function planBuffers(
  { calls, values }: KernelSchedule,
  maxRows: { readonly [Dim in RowDim]: number },
  output: ValueId,
): BufferPlan {
  const drafts = assignBuffers(calls, values, output);
  const keep = drafts.byValue.get(output);
  const lifetimes = drafts.buffers.map(({ info, first, last }, index) => ({
    bytes: rowBytes(info) * maxRows[info.rows],
    first,
    last: index === keep ? Infinity : last,
  }));
  const plan = planArena(lifetimes, BUFFER_ALIGNMENT);
  const buffers = drafts.buffers.map(({ info }, index) => ({
    name: info.name,
    offset: at(plan.offsets, index),
    rowBytes: rowBytes(info),
    rows: info.rows,
    columns: info.columns,
    type: info.type,
  }));
  return {
    buffers,
    arenaBytes: plan.bytes,
    bufferOf(id) {
      const buffer = drafts.byValue.get(id);
      invariant(buffer !== undefined, `value ${id} has a buffer`);
      return buffer;
    },
  };
}

/** Bytes of one row: f32, or int8 with a scale, two sums of halves and a scaled sum for each group. */
export function rowBytes({ type, columns }: Pick<ValueInfo, "type" | "columns">): number {
  const bytes = type === "q8a" ? columns + (columns / QUANT_GROUP) * 12 : columns * 4;
  return alignUp(bytes, BUFFER_ALIGNMENT);
}

interface BufferDraft {
  readonly info: ValueInfo;
  readonly first: number;
  last: number;
}

function assignBuffers(
  calls: readonly KernelCall[],
  values: readonly ValueInfo[],
  output: ValueId,
): { readonly buffers: readonly BufferDraft[]; readonly byValue: ReadonlyMap<ValueId, number> } {
  // The output is read after the last stage, so nothing takes over its buffer.
  const lastRead = new Map([...lastReads(calls), [output, { stage: Infinity, calls: 1 }]]);
  const buffers: BufferDraft[] = [];
  const byValue = new Map<ValueId, number>();
  for (const call of calls) {
    for (const id of call.inputs.values()) extend(buffers, byValue.get(id), call.stage);
    if (call.out === null) continue;
    const known = byValue.get(call.out) ?? overwritten(call, values, byValue, lastRead);
    byValue.set(call.out, known ?? buffers.length);
    if (known === undefined) buffers.push({ info: at(values, call.out), first: call.stage, last: call.stage });
    else extend(buffers, known, call.stage);
  }
  return { buffers, byValue };
}

/** The buffer that the call's result takes over, or undefined where it needs its own. */
function overwritten(
  { node, inputs, out, stage }: KernelCall,
  values: readonly ValueInfo[],
  byValue: ReadonlyMap<ValueId, number>,
  lastRead: ReadonlyMap<ValueId, { readonly stage: number; readonly calls: number }>,
): number | undefined {
  const { overwrites } = opOf(node);
  const id = overwrites === undefined ? undefined : inputs.get(overwrites);
  if (id === undefined || out === null) return undefined;
  const before = at(values, id);
  const after = at(values, out);
  const sameShape = before.type === after.type && before.rows === after.rows && before.columns === after.columns;
  const last = lastRead.get(id);
  // This call reads it last, once, and no other call of the stage, which may run at the same time, does.
  const reads = [...inputs.values()].filter((input) => input === id).length;
  return sameShape && reads === 1 && last?.stage === stage && last.calls === 1 ? byValue.get(id) : undefined;
}

/** For each value the last stage that reads it, and how many calls of that stage do. */
function lastReads(
  calls: readonly KernelCall[],
): ReadonlyMap<ValueId, { readonly stage: number; readonly calls: number }> {
  const reads = new Map<ValueId, { readonly stage: number; readonly calls: number }>();
  for (const { inputs, stage } of calls) {
    for (const id of new Set(inputs.values())) {
      const known = reads.get(id);
      reads.set(id, { stage, calls: known?.stage === stage ? known.calls + 1 : 1 });
    }
  }
  return reads;
}

function extend(buffers: readonly BufferDraft[], index: number | undefined, stage: number): void {
  invariant(index !== undefined, "a value is written before it is read");
  const buffer = at(buffers, index);
  buffer.last = Math.max(buffer.last, stage);
}
