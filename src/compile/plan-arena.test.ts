import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ArenaPlan, type BufferLifetime, planArena } from "./plan-arena.ts";

const ALIGNMENT = 64;

const lifetimes = fc.array(
  fc
    .record({ bytes: fc.integer({ min: 1, max: 5000 }), first: fc.nat(30), length: fc.nat(12) })
    .map(({ bytes, first, length }): BufferLifetime => ({ bytes, first, last: first + length })),
  { maxLength: 40 },
);

/** Pairs of buffers that live at the same time and share a byte, and buffers that end behind the arena. */
function overlaps(buffers: readonly BufferLifetime[], { offsets, bytes }: ArenaPlan): string[] {
  const placed = buffers.map((buffer, index) => ({ ...buffer, index, begin: offsets[index] ?? -1 }));
  const outside = placed
    .filter(({ begin, bytes: size }) => begin + size > bytes)
    .map(({ index }) => `${index} outside`);
  const shared = placed.flatMap((a) =>
    placed
      .slice(a.index + 1)
      .filter(
        (b) => a.first <= b.last && b.first <= a.last && a.begin < b.begin + b.bytes && b.begin < a.begin + a.bytes,
      )
      .map((b) => `${a.index} and ${b.index}`),
  );
  return [...outside, ...shared];
}

describe("planArena", () => {
  it("never gives two live buffers the same byte", () => {
    fc.assert(
      fc.property(lifetimes, (buffers) => {
        const plan = planArena(buffers, ALIGNMENT);
        expect(plan.offsets.filter((offset) => offset < 0 || offset % ALIGNMENT !== 0)).toEqual([]);
        expect(overlaps(buffers, plan)).toEqual([]);
      }),
    );
  });

  it("takes no more than all buffers side by side, and no less than the fullest stage", () => {
    fc.assert(
      fc.property(lifetimes, (buffers) => {
        const { bytes } = planArena(buffers, ALIGNMENT);
        const sideBySide = buffers.reduce((sum, buffer) => sum + Math.ceil(buffer.bytes / ALIGNMENT) * ALIGNMENT, 0);
        const stages = Array.from({ length: 43 }, (_, stage) =>
          buffers.reduce((sum, { bytes: size, first, last }) => sum + (first <= stage && stage <= last ? size : 0), 0),
        );
        expect(bytes).toBeLessThanOrEqual(sideBySide);
        expect(bytes).toBeGreaterThanOrEqual(Math.max(...stages));
      }),
    );
  });

  it("reuses what is free: a chain of equal buffers takes two", () => {
    const chain = Array.from({ length: 10 }, (_, i) => ({ bytes: 128, first: i, last: i + 1 }));
    expect(planArena(chain, ALIGNMENT).bytes).toBe(256);
  });

  it("fills a gap between buffers", () => {
    const { offsets } = planArena(
      [
        { bytes: 640, first: 0, last: 9 },
        { bytes: 256, first: 0, last: 2 },
        { bytes: 192, first: 0, last: 9 },
        { bytes: 128, first: 3, last: 9 },
      ],
      ALIGNMENT,
    );
    expect(offsets).toEqual([0, 640, 896, 640]);
  });

  it("plans nothing for no buffers", () => {
    expect(planArena([], ALIGNMENT)).toEqual({ offsets: [], bytes: 0 });
  });

  it("keeps a buffer that lives for ever apart from all later ones", () => {
    const { offsets } = planArena(
      [
        { bytes: 64, first: 0, last: Infinity },
        { bytes: 64, first: 5, last: 6 },
      ],
      ALIGNMENT,
    );
    expect(offsets).toEqual([0, 64]);
  });
});
