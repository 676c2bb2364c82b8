import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StepSizes } from "../../graph/types.ts";
import { attendedBy, StepTimes } from "./step-times.ts";

/** About a model of 1B at 4 bits. */
const COSTS = {
  perStep: { flops: 0, bytes: 6e8 },
  perToken: { flops: 2e9, bytes: 1e4 },
  perLogitRow: { flops: 5e8, bytes: 0 },
  perAttendedPosition: { flops: 1.3e5, bytes: 3e4 },
} as const;

/** A machine of these speeds, in units a millisecond. */
function machine(bytes: number, rowFlops: number, attentionFlops: number) {
  return ({ tokens, logitRows, attendedPositions }: StepSizes): number =>
    (6e8 + tokens * 1e4 + attendedPositions * 3e4) / bytes +
    (tokens * 2e9 + logitRows * 5e8) / rowFlops +
    (attendedPositions * 1.3e5) / attentionFlops;
}

const sizes = fc.record({
  tokens: fc.integer({ min: 1, max: 512 }),
  logitRows: fc.integer({ min: 1, max: 16 }),
  context: fc.integer({ min: 0, max: 8000 }),
});

describe("StepTimes", () => {
  it("learns a machine's speeds from its steps", () => {
    const speed = fc.double({ min: 0.2, max: 5, noNaN: true });
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 60, maxLength: 60 }), speed, speed, speed, (steps, a, b, c) => {
        const timeOf = machine(a * 3e7, b * 4e8, c * 1e8);
        const times = new StepTimes(COSTS);
        for (const { tokens, logitRows, context } of steps) {
          const step = { tokens, logitRows, attendedPositions: attendedBy(context, tokens) };
          times.observe(step, timeOf(step));
        }
        const step = { tokens: 200, logitRows: 4, attendedPositions: attendedBy(1000, 200) };
        expect(times.predict(step) / timeOf(step)).toBeGreaterThan(0.75);
        expect(times.predict(step) / timeOf(step)).toBeLessThan(1.33);
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it("gives the most rows that fit the time", () => {
    const times = new StepTimes(COSTS);
    times.observe({ tokens: 64, logitRows: 1, attendedPositions: attendedBy(0, 64) }, 400);
    const rows = times.rowsWithin(2000, 512, 150);
    expect(rows).toBeGreaterThan(0);
    expect(times.predictAdded(2000, rows)).toBeLessThanOrEqual(150);
    expect(times.predictAdded(2000, rows + 1)).toBeGreaterThan(150);
    expect(times.rowsWithin(0, 8, 1e9)).toBe(8);
  });

  it("is not thrown by one step that something else held up", () => {
    const timeOf = machine(3e7, 4e8, 1e8);
    const times = new StepTimes(COSTS);
    const step = { tokens: 4, logitRows: 4, attendedPositions: 4000 };
    for (let count = 0; count < 50; count++) times.observe(step, timeOf(step));
    times.observe(step, 100 * timeOf(step));
    expect(times.predict(step) / timeOf(step)).toBeLessThan(1.2);
  });

  it("takes a clock that stands still", () => {
    const times = new StepTimes(COSTS);
    const step = { tokens: 4, logitRows: 4, attendedPositions: 4000 };
    for (let count = 0; count < 5; count++) times.observe(step, 0);
    expect(times.predict(step)).toBeGreaterThanOrEqual(0);
    expect(times.rowsWithin(0, 100, 1)).toBe(100);
  });
});
