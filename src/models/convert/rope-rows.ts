/**
 * The rows of Q and K in the order of another kind of file: GGUF files of some families have the rows that RoPE turns
 * together next to each other, checkpoints have them half a head apart.
 */

import { sourceRow } from "../../graph/weight-ref.ts";
import type { RopePairing } from "../model-spec.ts";

/** Whether a canonical name is that of a weight whose rows RoPE turns. */
export function hasRopeRows(name: string): boolean {
  return /\.attn_[qk]\.(?:weight|bias)$/.test(name);
}

/** All bytes of `rows` rows, in any encoding of whole blocks a row, from the other pairing to `pairing`. */
export function pairRopeRows(bytes: Uint8Array, rows: number, headDim: number, pairing: RopePairing): Uint8Array {
  const rowBytes = bytes.length / rows;
  const out = new Uint8Array(bytes.length);
  for (let inHalves = 0; inHalves < rows; inHalves += 1) {
    const asNeighbours = sourceRow({ kind: "rope-halves", headDim }, inHalves);
    const [from, to] = pairing === "halves" ? [asNeighbours, inHalves] : [inHalves, asNeighbours];
    out.set(bytes.subarray(from * rowBytes, (from + 1) * rowBytes), to * rowBytes);
  }
  return out;
}
