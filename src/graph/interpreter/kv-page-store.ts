/**
 * The interpreter's pages: f32 arrays that hold what reading a page of the KV type gives. A page takes
 * memory once it is first written. Not what the native core stores, only the same numbers.
 */

import type { KvType } from "../../base/dtypes.ts";
import { invariant } from "../../base/invariant.ts";
import type { KvPages } from "../op.ts";
import { type F32Rows, rowOf } from "../row-matrix.ts";
import type { KvGroup } from "../types.ts";
import { storeRounded } from "./kv-rounding.ts";

export interface KvPageStore extends KvPages {
  /** Bytes of the pages in use so far. */
  readonly bytes: number;
  /** Copies the first `tokens` slots of page `from` to page `to`, all layers. */
  copy(from: number, to: number, tokens: number): void;
}

export function createKvPageStore(kv: KvGroup, kvType: KvType, pageTokens: number, pageCount: number): KvPageStore {
  const columns = kv.kvHeads * kv.headDim;
  const blockFloats = pageTokens * columns;
  /** Of each page [layers][K, V][pageTokens][columns]. */
  const pages = new Map<number, Float32Array>();

  const pageAt = (page: number): Float32Array => {
    invariant(Number.isInteger(page) && page >= 0 && page < pageCount, `page ${page} is in the pool`);
    const existing = pages.get(page);
    if (existing !== undefined) return existing;
    const created = new Float32Array(2 * kv.layers * blockFloats);
    pages.set(page, created);
    return created;
  };
  const block = (layer: number, page: number, part: 0 | 1): Float32Array => {
    const begin = (2 * layer + part) * blockFloats;
    return pageAt(page).subarray(begin, begin + blockFloats);
  };
  const store = (source: F32Rows, row: number, target: Float32Array, slot: number): void =>
    storeRounded(kvType, kv.headDim, rowOf(source, row), target, slot * columns);

  return {
    kvType,
    pageTokens,
    get bytes() {
      return pages.size * 2 * kv.layers * blockFloats * Float32Array.BYTES_PER_ELEMENT;
    },
    store(layer, page, slot, k, v, row) {
      store(k, row, block(layer, page, 0), slot);
      store(v, row, block(layer, page, 1), slot);
    },
    keys: (layer, page) => block(layer, page, 0),
    values: (layer, page) => block(layer, page, 1),
    copy(from, to, tokens) {
      invariant(tokens >= 0 && tokens <= pageTokens, `a page holds ${pageTokens} tokens, not ${tokens}`);
      for (let layer = 0; layer < kv.layers; layer += 1) {
        block(layer, to, 0).set(block(layer, from, 0).subarray(0, tokens * columns));
        block(layer, to, 1).set(block(layer, from, 1).subarray(0, tokens * columns));
      }
    },
  };
}
