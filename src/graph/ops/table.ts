/**
 * All ops. A node type without a record does not compile, and neither does a record without a node
 * type.
 */

import type { OpRecord } from "../op.ts";
import { add, type AddNode } from "./add.ts";
import { attention, type AttentionNode } from "./attention.ts";
import { embed, type EmbedNode } from "./embed.ts";
import { gatherRows, type GatherRowsNode } from "./gather-rows.ts";
import { kvStore, type KvStoreNode } from "./kv-store.ts";
import { linearAdd, type LinearAddNode } from "./linear-add.ts";
import { linearQkv, type LinearQkvNode } from "./linear-qkv.ts";
import { linearSwiglu, type LinearSwigluNode } from "./linear-swiglu.ts";
import { linear, type LinearNode } from "./linear.ts";
import { quantize, type QuantizeNode } from "./quantize.ts";
import { rmsNorm, type RmsNormNode } from "./rms-norm.ts";
import { ropeTable, type RopeTableNode } from "./rope-table.ts";
import { rope, type RopeNode } from "./rope.ts";
import { swiglu, type SwigluNode } from "./swiglu.ts";

/** The node types by op name. */
export interface Nodes {
  readonly embed: EmbedNode;
  readonly rope_table: RopeTableNode;
  readonly rms_norm: RmsNormNode;
  readonly linear: LinearNode;
  readonly rope: RopeNode;
  readonly kv_store: KvStoreNode;
  readonly attention: AttentionNode;
  readonly swiglu: SwigluNode;
  readonly add: AddNode;
  readonly gather_rows: GatherRowsNode;
  readonly quantize: QuantizeNode;
  // Made by the compiler from the ones above.
  readonly linear_add: LinearAddNode;
  readonly linear_swiglu: LinearSwigluNode;
  readonly linear_qkv: LinearQkvNode;
}

export type OpName = keyof Nodes;

/** A node of any op; `node.op` tells which. */
export type Node = Nodes[OpName];

export const OPS: { readonly [Op in OpName]: OpRecord<Nodes[Op]> } = {
  embed,
  rope_table: ropeTable,
  rms_norm: rmsNorm,
  linear,
  rope,
  kv_store: kvStore,
  attention,
  swiglu,
  add,
  gather_rows: gatherRows,
  quantize,
  linear_add: linearAdd,
  linear_swiglu: linearSwiglu,
  linear_qkv: linearQkv,
};

/** The record of a node's op; the table pairs each op name with its own node type. */
export function opOf(node: Node): OpRecord<Node> {
  return OPS[node.op];
}
