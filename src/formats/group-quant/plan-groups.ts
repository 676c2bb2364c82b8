/**
 * How a group-quantised weight is to be stored: in which order its columns come, so that each group's lie
 * together, how wide the stored groups are, and what holds the scales exactly.
 */

import { fitsF16, GROUP_COLUMNS, type GroupEncoding, type GroupMatrix } from "./group-blocks.ts";

export interface GroupPlan {
  readonly encoding: GroupEncoding;
  /** Source column of each stored one, where act-order has scattered the groups; null where they lie in order. */
  readonly order: Uint32Array | null;
}

/** A string says what is wrong with the groups. */
export function planGroups(matrix: GroupMatrix): GroupPlan | string {
  const { columns, groups, groupOf, bits } = matrix;
  const sizes = new Int32Array(groups);
  if (groupOf === null) {
    if (columns % groups !== 0) return `has ${groups} groups, which do not divide its ${columns} columns`;
    sizes.fill(columns / groups);
  } else {
    for (const [column, group] of groupOf.entries()) {
      if (group < 0 || group >= groups) return `has g_idx[${column}] = ${group}, outside 0..${groups - 1}`;
      sizes[group] = (sizes[group] ?? 0) + 1;
    }
  }
  const groupColumns = GROUP_COLUMNS.findLast((width) => sizes.every((size) => size % width === 0));
  if (groupColumns === undefined) {
    return `has groups of ${[...new Set(sizes)].slice(0, 4).join(", ")} columns, no multiples of ${GROUP_COLUMNS[0]}`;
  }
  const encoding = { kind: "groups", bits, groupColumns, scale: scalesFitF16(matrix) ? "f16" : "f32" } as const;
  return { encoding, order: groupOf === null ? null : columnOrder(groupOf) };
}

function scalesFitF16(matrix: GroupMatrix): boolean {
  const { rows, groups } = matrix;
  for (let row = 0; row < rows; row += 1) {
    for (let group = 0; group < groups; group += 1) {
      if (!fitsF16(matrix.scale(row, group))) return false;
    }
  }
  return true;
}

/** Columns by group, in order within each; null where they are so already. */
function columnOrder(groupOf: Int32Array): Uint32Array | null {
  const isSorted = groupOf.every((group, column) => column === 0 || group >= (groupOf[column - 1] ?? 0));
  if (isSorted) return null;
  const columns = Uint32Array.from(groupOf.keys());
  return columns.toSorted((a, b) => (groupOf[a] ?? 0) - (groupOf[b] ?? 0) || a - b);
}
