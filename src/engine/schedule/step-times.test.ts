import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.ts";
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

const timeOf = machine(3e7, 4e8, 1e8);
const DECODE: StepSizes = { tokens: 4, logitRows: 4, attendedPositions: 4000 };
const mixedStep = (rows: number, computed = 1000): StepSizes => ({
  tokens: 4 + rows,
  logitRows: 4,
  attendedPositions: 4000 + attendedBy(computed, rows),
});

/** Times after four streams have decoded alone, and then beside two prompts of 3,000 tokens in chunks. */
function trained(noise: () => number = () => 1): StepTimes {
  const times = new StepTimes(COSTS);
  for (let count = 0; count < 300; count++) times.observe(DECODE, timeOf(DECODE) * noise());
  for (let chunk = 0; chunk < 200; chunk++) {
    const step = mixedStep(10 + (chunk % 40), (chunk * 30) % 3000);
    times.observe(step, timeOf(step) * noise());
  }
  return times;
}

/** By a fifth more or less, symmetrically. */
function noiseOf(seed: string): () => number {
  const random = createRandom(seed);
  return () => 1 + 0.2 * (random() + random() - 1);
}

/** The rows after `computed` tokens that truly add `ms`. */
const trueRows = (computed: number, ms: number): number => {
  let rows = 0;
  while (timeOf(mixedStep(rows + 1, computed)) - timeOf(DECODE) <= ms) rows += 1;
  return rows;
};

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
        const timeOn = machine(a * 3e7, b * 4e8, c * 1e8);
        const times = new StepTimes(COSTS);
        for (const { tokens, logitRows, context } of steps) {
          const step = { tokens, logitRows, attendedPositions: attendedBy(context, tokens) };
          times.observe(step, timeOn(step));
        }
        const step = { tokens: 200, logitRows: 4, attendedPositions: attendedBy(1000, 200) };
        expect(times.predict(step) / timeOn(step)).toBeGreaterThan(0.75);
        expect(times.predict(step) / timeOn(step)).toBeLessThan(1.33);
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it.each(["a", "b", "c"])("knows what a row costs after minutes of noisy decoding (seed %s)", (seed) => {
    const noise = noiseOf(seed);
    const times = trained(noise);
    for (let count = 0; count < 3000; count++) {
      // One stream to four, which take as long as one: the weights are read once for all.
      const streams = 1 + (count % 4);
      const step = { tokens: streams, logitRows: streams, attendedPositions: streams * (count % 1500) };
      times.observe(step, timeOf({ ...step, tokens: 1, logitRows: 1 }) * noise());
    }
    const share = times.rowsWithin(1000, 512, 150) / trueRows(1000, 150);
    expect(share).toBeGreaterThan(1 / 1.3);
    expect(share).toBeLessThan(1.3);
  });

  it("takes what a row costs to have changed with what decoding costs", () => {
    const times = trained();
    for (let count = 0; count < 3000; count++) times.observe(DECODE, 1.25 * timeOf(DECODE));
    expect(times.predict(mixedStep(30)) / timeOf(mixedStep(30))).toBeCloseTo(1.25, 1);
  });

  it("predicts the mean of noisy steps", () => {
    const noise = noiseOf("mean");
    const times = trained(noise);
    let ratios = 0;
    for (let count = 0; count < 2000; count++) {
      const step = count % 2 === 0 ? DECODE : mixedStep(5 + (count % 50), count % 3000);
      ratios += times.predict(step) / timeOf(step);
      times.observe(step, timeOf(step) * noise());
    }
    expect(Math.abs(ratios / 2000 - 1)).toBeLessThan(0.01);
  });

  it("follows a machine that slows down by a fifth within 16 steps", () => {
    const times = trained();
    for (let count = 0; count < 16; count++) times.observe(DECODE, 1.2 * timeOf(DECODE));
    for (const step of [DECODE, mixedStep(30)]) {
      const ratio = times.predict(step) / (1.2 * timeOf(step));
      expect(ratio).toBeGreaterThan(0.95);
      expect(ratio).toBeLessThan(1.05);
    }
  });

  it("knows what decoding costs from its first steps, however far the guess was off", () => {
    const times = new StepTimes(COSTS);
    // Rows so cheap and bytes so dear that a prompt says nothing of decoding.
    const timeOn = machine(1e6, 4e10, 1e10);
    for (let count = 0; count < 20; count++) times.observe(mixedStep(500), timeOn(mixedStep(500)) / 20);
    for (let count = 0; count < 3; count++) times.observe(DECODE, timeOn(DECODE));
    expect(times.predict(DECODE) / timeOn(DECODE)).toBeCloseTo(1, 1);
  });

  it("has headroom for 97 in 100 steps with prompts, and no more once they are even", () => {
    const times = trained();
    expect(times.headroom).toBeLessThan(1.02);
    const random = createRandom("headroom");
    let [within, counted] = [0, 0];
    for (let count = 0; count < 2000; count++) {
      const step = mixedStep(20, count);
      // The mean is 1; one in ten takes 1.27 times as long.
      const ms = timeOf(step) * (random() < 0.1 ? 1.27 : 0.97);
      if (count >= 500) {
        counted += 1;
        if (ms <= times.headroom * times.predict(step)) within += 1;
      }
      times.observe(step, ms);
    }
    expect(within / counted).toBeGreaterThan(0.95);
    expect(within / counted).toBeLessThan(0.99);
    expect(times.headroom).toBeGreaterThan(1.15);
    for (let count = 0; count < 600; count++) times.observe(mixedStep(20, count), timeOf(mixedStep(20, count)));
    expect(times.headroom).toBeLessThan(1.02);
  });

  it("takes no headroom from steps that only decode", () => {
    const times = trained();
    const noise = noiseOf("decode");
    const before = times.headroom;
    for (let count = 0; count < 200; count++) times.observe(DECODE, timeOf(DECODE) * noise());
    expect(times.headroom).toBe(before);
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
    const times = new StepTimes(COSTS);
    for (let count = 0; count < 50; count++) times.observe(DECODE, timeOf(DECODE));
    times.observe(DECODE, 100 * timeOf(DECODE));
    expect(times.predict(DECODE) / timeOf(DECODE)).toBeLessThan(1.2);
  });

  it("takes a clock that stands still", () => {
    const times = new StepTimes(COSTS);
    for (let count = 0; count < 5; count++) times.observe(DECODE, 0);
    expect(times.predict(DECODE)).toBeGreaterThanOrEqual(0);
    expect(times.rowsWithin(0, 100, 1)).toBe(100);
    // It goes on.
    for (let count = 0; count < 200; count++) times.observe(DECODE, timeOf(DECODE));
    expect(times.predict(DECODE) / timeOf(DECODE)).toBeCloseTo(1, 1);
  });
});
