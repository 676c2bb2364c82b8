/**
 * Places buffers with known lifetimes in one arena: largest first, each at the lowest offset where it
 * meets no buffer that lives at the same time. Pisarchyk and Lee, "Efficient memory management for deep
 * neural net inference" (2020), greedy by size.
 */

import { alignUp } from "../base/bytes.ts";

export interface BufferLifetime {
  readonly bytes: number;
  /** Stages of the first write and of the last use; both included. */
  readonly first: number;
  readonly last: number;
}

export interface ArenaPlan {
  /** One for each buffer, in order; multiples of the alignment. */
  readonly offsets: readonly number[];
  readonly bytes: number;
}

export function planArena(buffers: readonly BufferLifetime[], alignment: number): ArenaPlan {
  interface Placed extends BufferLifetime {
    readonly offset: number;
  }
  const placed: Placed[] = [];
  const offsets = buffers.map(() => 0);
  let bytes = 0;
  const bySize = [...buffers.entries()].toSorted(([i, a], [j, b]) => b.bytes - a.bytes || i - j);
  for (const [index, buffer] of bySize) {
    // `placed` is ordered by offset, so the first gap that is large enough is the lowest.
    let offset = 0;
    for (const other of placed) {
      const lifetimesMeet = buffer.first <= other.last && other.first <= buffer.last;
      if (!lifetimesMeet) continue;
      if (offset + buffer.bytes <= other.offset) break;
      offset = Math.max(offset, alignUp(other.offset + other.bytes, alignment));
    }
    offsets[index] = offset;
    bytes = Math.max(bytes, alignUp(offset + buffer.bytes, alignment));
    const at = placed.findIndex((other) => other.offset > offset);
    placed.splice(at < 0 ? placed.length : at, 0, { ...buffer, offset });
  }
  return { offsets, bytes };
}
