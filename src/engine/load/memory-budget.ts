/**
 * How large the page pool may be. Weights come first; the pool takes a share of what they leave, or
 * what was asked for; what cannot fit is refused with the numbers before anything is allocated.
 */

import { fail } from "../../base/errors.ts";
import { alignUp } from "../../base/bytes.ts";
import type { KvType } from "../../base/dtypes.ts";
import type { KvGroup } from "../../graph/types.ts";

/** Of the memory that weights leave: enough to serve, little enough to share a machine. */
const DEFAULT_SHARE = 0.4;
/** A context or a pool that was asked for by number may take this much for itself. */
const REQUESTED_SHARE = 0.8;
/** More than so many whole contexts is memory that rarely serves. */
const DEFAULT_CONTEXTS = 8;

export interface PoolDemand {
  /** What this process may still take. */
  readonly availableBytes: number;
  readonly weightBytes: number;
  readonly arenaBytes: number;
  readonly pageBytes: number;
  readonly pageTokens: number;
  readonly contextTokens: number;
  /** The context was asked for, and must not be made shorter. */
  readonly contextIsRequested: boolean;
  /** The pool's size as asked for, or null. */
  readonly kvMemoryBytes: number | null;
  /** Pages that the pool should have, as far as memory goes, or null. */
  readonly poolPages: number | null;
}

export interface PoolSize {
  readonly pages: number;
  /** What a sequence may have: as demanded, or what the pool holds. */
  readonly contextTokens: number;
}

/** Throws `memory_insufficient` for the model, the pool or the context, whichever does not fit. */
export function sizePool(demand: PoolDemand): PoolSize {
  const { pageBytes, pageTokens, contextTokens } = demand;
  const contextBytes = Math.ceil(contextTokens / pageTokens) * pageBytes;
  const budgetBytes = poolBudget(demand, contextBytes);
  const pages = Math.floor(budgetBytes / pageBytes);
  if (pages * pageTokens >= contextTokens) return { pages, contextTokens };
  if (demand.contextIsRequested || pages === 0) {
    fail("memory_insufficient", {
      what: `A context of ${contextTokens} tokens`,
      neededBytes: contextBytes,
      availableBytes: budgetBytes,
      hint: "Ask for a shorter context, or give the engine more KV memory.",
    });
  }
  return { pages, contextTokens: pages * pageTokens };
}

function poolBudget(demand: PoolDemand, contextBytes: number): number {
  const { availableBytes, weightBytes, arenaBytes, kvMemoryBytes } = demand;
  const freeBytes = availableBytes - weightBytes - arenaBytes;
  if (freeBytes <= 0) {
    fail("memory_insufficient", {
      what: "The model",
      neededBytes: weightBytes + arenaBytes,
      availableBytes,
      hint: "Use a smaller model or a file with fewer bits for each weight.",
    });
  }
  if (kvMemoryBytes === null) {
    const requestable = Math.floor(freeBytes * REQUESTED_SHARE);
    if (demand.poolPages !== null) return Math.min(demand.poolPages * demand.pageBytes, requestable);
    const share = Math.floor(freeBytes * DEFAULT_SHARE);
    const roomForRequest = demand.contextIsRequested && contextBytes <= requestable;
    return Math.min(roomForRequest ? Math.max(share, contextBytes) : share, DEFAULT_CONTEXTS * contextBytes);
  }
  if (kvMemoryBytes > freeBytes) {
    fail("memory_insufficient", {
      what: "The KV memory that was asked for",
      neededBytes: kvMemoryBytes,
      availableBytes: freeBytes,
      hint: "Ask for less.",
    });
  }
  return kvMemoryBytes;
}

/** Bytes of a page in all layers, by the layout of `native/kernels/kernels.h`. */
export function pageBytesOf(kv: KvGroup, type: KvType, pageTokens: number): number {
  const cacheLine = 64;
  const elementBytes = type === "f32" ? 4 : type === "f16" ? 2 : 1;
  const keyDims = type === "int8" ? alignUp(kv.headDim, 4) : kv.headDim;
  const valueDims = alignUp(kv.headDim, 16);
  const scaleBytes = type === "int8" ? alignUp(pageTokens * 4, cacheLine) : 0;
  const blockBytes =
    alignUp(pageTokens * keyDims * elementBytes, cacheLine) +
    alignUp(pageTokens * valueDims * elementBytes, cacheLine) +
    2 * scaleBytes;
  return kv.layers * kv.kvHeads * blockBytes;
}
