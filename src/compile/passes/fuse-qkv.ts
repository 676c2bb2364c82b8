/**
 * fuse-qkv: the three projections of attention, the norms of heads, RoPE and the store of K and V become
 * one node, where the three weights read one operand, each in a format of its own: the value then stays in
 * cache until it is stored.
 */

import { operandOf } from "../../base/weight-formats.ts";
import type { Node, Nodes } from "../../graph/ops/table.ts";
import type { ValueId } from "../../graph/types.ts";
import type { Pass, PassContext } from "../pass.ts";
import { fuse, type Fusion, type GraphUses } from "../rewrite.ts";

export const fuseQkv: Pass = {
  name: "fuse-qkv",
  purpose: "project Q, K and V, norm and turn Q and K, and store K and V in one node",
  run: (graph, context) => fuse(graph, (node, uses) => matchQkv(node, uses, context)),
};

function matchQkv(store: Node, uses: GraphUses, { formatOf }: PassContext): Fusion | null {
  if (store.op !== "kv_store") return null;
  const k = turnedProjection(store.inputs.k, store, uses);
  const v = projectionOf(store.inputs.v, store, uses);
  if (k === null || v === null || v.inputs.x !== k.linear.inputs.x) return null;
  const q = queryBeside(k, uses);
  if (q === null) return null;
  const operands = [q.linear, k.linear, v].map(({ weights }) => operandOf(formatOf(weights.weight)));
  if (new Set(operands).size > 1) return null;
  const epsilon = q.norm?.attributes.epsilon ?? k.norm?.attributes.epsilon ?? 0;
  if (q.norm !== null && k.norm !== null && k.norm.attributes.epsilon !== epsilon) return null;
  const norms = [q.norm, k.norm].filter((norm) => norm !== null);
  return {
    parts: [q.linear, k.linear, v, ...norms, q.rope, k.rope, store],
    node: {
      op: "linear_qkv",
      name: q.rope.name,
      inputs: { x: v.inputs.x, ropeTable: k.rope.inputs.table },
      weights: {
        q: q.linear.weights.weight,
        k: k.linear.weights.weight,
        v: v.weights.weight,
        qBias: q.linear.weights.bias,
        kBias: k.linear.weights.bias,
        vBias: v.weights.bias,
        qNorm: q.norm?.weights.weight ?? null,
        kNorm: k.norm?.weights.weight ?? null,
      },
      attributes: { layer: store.attributes.layer, epsilon },
      out: q.rope.out,
    },
  };
}

interface TurnedProjection {
  readonly linear: Nodes["linear"];
  /** Of each head, before it is turned. */
  readonly norm: Nodes["rms_norm"] | null;
  readonly rope: Nodes["rope"];
}

/** The rope over a projection that makes `id`, where nothing but `reader` uses it. */
function turnedProjection(id: ValueId, reader: Node, uses: GraphUses): TurnedProjection | null {
  const rope = uses.producer(id);
  if (rope.op !== "rope" || uses.onlyReader(id) !== reader) return null;
  return turnedBy(rope, uses);
}

function turnedBy(rope: Nodes["rope"], uses: GraphUses): TurnedProjection | null {
  const norm = headNormOf(rope, uses);
  const linear = norm === null ? projectionOf(rope.inputs.x, rope, uses) : projectionOf(norm.inputs.x, norm, uses);
  return linear === null ? null : { linear, norm, rope };
}

function headNormOf(rope: Nodes["rope"], uses: GraphUses): Nodes["rms_norm"] | null {
  const norm = uses.producer(rope.inputs.x);
  const { heads } = rope.attributes;
  const isHeadNorm = norm.op === "rms_norm" && norm.attributes.groups === heads && norm.attributes.outType === "f32";
  return isHeadNorm && uses.onlyReader(rope.inputs.x) === rope ? norm : null;
}

function projectionOf(id: ValueId, reader: Node, uses: GraphUses): Nodes["linear"] | null {
  const linear = uses.producer(id);
  return linear.op === "linear" && uses.onlyReader(id) === reader ? linear : null;
}

/** The other projection of the same operand that the same table turns. */
function queryBeside(k: TurnedProjection, uses: GraphUses): TurnedProjection | null {
  for (const rope of uses.readers(k.rope.inputs.table)) {
    if (rope.op !== "rope" || rope === k.rope) continue;
    const q = turnedBy(rope, uses);
    if (q !== null && q.linear.inputs.x === k.linear.inputs.x) return q;
  }
  return null;
}
