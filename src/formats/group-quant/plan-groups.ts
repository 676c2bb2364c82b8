/**
 * How a group-quantised weight is to be stored: in which order its columns come, so that each group's lie
 * together, how wide the stored groups are, and what holds the scales exactly.
 */

import { GROUP_FORMATS, type GroupEncoding, type GroupFormat, type StoredGroups } from "./group-blocks.ts";
import { allFitF16 } from "./packed-words.ts";

export interface GroupPlan {
  readonly encoding: GroupEncoding;
  /** Source column of each stored one, where act-order has scattered the groups; null where they lie in order. */
  readonly order: Uint32Array | null;
}

/** A string says what is wrong with the groups. */
export function planGroups({ columns, groups, groupOf, bits, scales }: StoredGroups): GroupPlan | string {
  const sizes = new Int32Array(groups);
  if (groupOf === null) {
    if (columns % groups !== 0) return `has ${groups} groups, which do not divide its ${columns} columns`;
    sizes.fill(columns / groups);
  } else {
    for (const [column, group] of groupOf.entries()) {
      if (group < 0 || group >= groups) return `has g_idx[${column}] = ${group}, outside 0..${groups - 1}`;
      sizes[group] = (sizes[group] ?? 0) + 1;
    }
    const empty = sizes.indexOf(0);
    if (empty >= 0) return `has no column in group ${empty} by its g_idx`;
  }
  const format = widestFormat(bits, allFitF16(scales) ? 2 : 4, sizes);
  if (format === undefined) {
    const found = [...new Set(sizes)].slice(0, 4).join(", ");
    return `has groups of ${found} columns, no multiples of ${SMALLEST_GROUP}`;
  }
  return { encoding: { kind: "groups", format }, order: groupOf === null ? null : columnOrder(groupOf) };
}

/** Any group that is a multiple of this is stored as one or several. */
export const SMALLEST_GROUP = 32;

/** The widest groups that divide all of `sizes`. */
function widestFormat(bits: 4 | 8, scaleBytes: 2 | 4, sizes: Int32Array): GroupFormat | undefined {
  const names = Object.keys(GROUP_FORMATS) as readonly GroupFormat[];
  return names.findLast((name) => {
    const info = GROUP_FORMATS[name];
    const isRight = info.bits === bits && info.scaleBytes === scaleBytes;
    return isRight && sizes.every((size) => size % info.groupColumns === 0);
  });
}

/** Columns by group, in order within each; null where they are so already. */
function columnOrder(groupOf: Int32Array): Uint32Array | null {
  const isSorted = groupOf.every((group, column) => column === 0 || group >= (groupOf[column - 1] ?? 0));
  if (isSorted) return null;
  const columns = Uint32Array.from(groupOf.keys());
  return columns.toSorted((a, b) => (groupOf[a] ?? 0) - (groupOf[b] ?? 0) || a - b);
}
