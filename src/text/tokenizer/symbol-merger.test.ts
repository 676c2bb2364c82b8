import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { pairTableBuilder } from "./pair-table.ts";
import { createSymbolMerger } from "./symbol-merger.ts";

interface Pair {
  readonly left: number;
  readonly right: number;
  readonly rank: number;
  readonly merged: number;
}

/** The definition: the pair of the lowest rank, of equal ones the leftmost, until there is none. */
function naiveMerge(pairs: readonly Pair[], symbols: readonly number[]): readonly number[] {
  const now = [...symbols];
  for (;;) {
    let best: { readonly index: number; readonly pair: Pair } | null = null;
    for (let index = 0; index + 1 < now.length; index += 1) {
      const pair = pairs.find(({ left, right }) => left === now[index] && right === now[index + 1]);
      if (pair !== undefined && (best === null || pair.rank < best.pair.rank)) best = { index, pair };
    }
    if (best === null) return now;
    now.splice(best.index, 2, best.pair.merged);
  }
}

function merge(pairs: readonly Pair[], symbols: readonly number[]): readonly number[] {
  const builder = pairTableBuilder();
  for (const { left, right, rank, merged } of pairs) builder.add(left, right, rank, merged);
  const buffer = Int32Array.from(symbols);
  const count = createSymbolMerger(builder.build()).merge(buffer, buffer.length);
  return [...buffer.subarray(0, count)];
}

const symbol = fc.nat(6);
/** Ranks repeat, as SentencePiece scores do; equal pairs too, of which the first counts. */
const pairs = fc.array(fc.record({ left: symbol, right: symbol, rank: fc.nat(8), merged: symbol }), { maxLength: 30 });

describe("createSymbolMerger", () => {
  it("merges as the definition says, short words and long ones", () => {
    const symbols = fc.oneof(
      fc.array(fc.integer({ min: -1, max: 6 }), { maxLength: 12 }),
      fc.array(symbol, { minLength: 30, maxLength: 120 }),
      fc.nat(60).map((length) => Array.from({ length: length + 20 }, () => 0)),
    );
    fc.assert(
      fc.property(pairs, symbols, (table, word) => {
        expect(merge(table, word)).toEqual(naiveMerge(table, word));
      }),
      { numRuns: 2000 },
    );
  });

  it("takes n log n for a word of one symbol", () => {
    // 0 0 -> 1, 1 1 -> 2, ...: every level halves the word.
    const levels = Array.from({ length: 18 }, (_, rank) => ({ left: rank, right: rank, rank, merged: rank + 1 }));
    const word = Array.from({ length: 2 ** 18 }, () => 0);
    const start = performance.now();
    expect(merge(levels, word)).toEqual([18]);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
