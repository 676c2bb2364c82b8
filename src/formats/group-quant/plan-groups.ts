/**
 * How a group-quantised weight is to be stored: in which order its columns come, so that each group's lie
 * together, how wide the stored groups are, and what holds the scales exactly.
 */

import type { WeightEncoding } from "../stored-weight.ts";
import { GROUP_FORMATS, type GroupFormat, type StoredGroups, type SymmetricBlock } from "./group-blocks.ts";
import { allFitF16 } from "./packed-words.ts";

export interface GroupPlan {
  readonly kind: "plan";
  readonly format: GroupFormat | SymmetricBlock;
  readonly encoding: WeightEncoding;
  /** Source column of each stored one, where act-order has scattered the groups; null where they lie in order. */
  readonly order: Uint32Array | null;
}

/** What is wrong with the groups, in which tensor, and what would be right. */
export interface GroupProblem {
  readonly kind: "problem";
  readonly tensor: "weight" | "index";
  readonly problem: string;
  readonly accepted: string;
}

export function planGroups(stored: StoredGroups): GroupPlan | GroupProblem {
  const { groupOf, bits, scales, symmetric } = stored;
  const sizes = groupSizes(stored);
  if (!(sizes instanceof Int32Array)) return sizes;
  const widest = widestFormat(bits, allFitF16(scales) ? 2 : 4, sizes);
  if (widest === undefined) {
    const found = [...new Set(sizes)].slice(0, 4).join(", ");
    return {
      kind: "problem",
      tensor: "weight",
      problem: `has groups of ${found} columns, no multiples of ${SMALLEST_GROUP}`,
      accepted: GROUPS_THAT_RUN,
    };
  }
  const order = groupOf === null ? null : columnOrder(groupOf);
  // Columns in another order are not those of ggml's blocks, for who writes them to a file.
  const block = symmetric && order === null ? AS_BLOCKS[widest] : undefined;
  return block === undefined
    ? { kind: "plan", format: widest, encoding: { kind: "groups", format: widest }, order }
    : { kind: "plan", format: block, encoding: { kind: "ggml", type: block }, order };
}

/** Groups of these formats, where they have no zero points. */
const AS_BLOCKS: { readonly [Format in GroupFormat]?: SymmetricBlock } = {
  int4_g32_zero: "Q4_0",
  int8_g32_zero: "Q8_0",
};

/** Any group that is a multiple of this is stored as one or several. */
const SMALLEST_GROUP = 32;
const GROUPS_THAT_RUN = `groups of multiples of ${SMALLEST_GROUP} columns, or whole rows of such`;

/** Columns of each group. */
function groupSizes({ columns, groups, groupOf }: StoredGroups): Int32Array | GroupProblem {
  const sizes = new Int32Array(groups);
  if (groupOf === null) {
    if (columns % groups === 0) return sizes.fill(columns / groups);
    const problem = `has ${groups} groups, which do not divide its ${columns} columns`;
    return { kind: "problem", tensor: "weight", problem, accepted: GROUPS_THAT_RUN };
  }
  for (const [column, group] of groupOf.entries()) {
    if (group < 0 || group >= groups) {
      const accepted = `0 to ${groups - 1}, of the ${groups} groups that have scales`;
      return { kind: "problem", tensor: "index", problem: `has group ${group} for column ${column}`, accepted };
    }
    sizes[group] = (sizes[group] ?? 0) + 1;
  }
  const empty = sizes.indexOf(0);
  if (empty < 0) return sizes;
  const accepted = `columns for each group from 0 to ${groups - 1}, all of which have scales`;
  return { kind: "problem", tensor: "index", problem: `has no column in group ${empty}`, accepted };
}

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
