import { describe, expect, it } from "vitest";
import { llama3Factors, ropeFrequencies } from "./rope-frequencies.ts";

describe("ropeFrequencies", () => {
  it("falls from 1 by powers of theta", () => {
    const frequencies = ropeFrequencies({ theta: 10_000, scaling: { kind: "none" } }, 8);
    expect([...frequencies]).toEqual([1, 0.1, 0.01, 0.001].map(Math.fround));
  });

  it("is divided by a linear factor", () => {
    const frequencies = ropeFrequencies({ theta: 10_000, scaling: { kind: "linear", factor: 4 } }, 4);
    expect([...frequencies]).toEqual([0.25, 0.0025].map(Math.fround));
  });

  it("is divided by factors one by one", () => {
    const factors = Float32Array.of(1, 8);
    const frequencies = ropeFrequencies({ theta: 10_000, scaling: { kind: "factors", factors } }, 4);
    expect([...frequencies]).toEqual([1, 0.00125].map(Math.fround));
  });
});

describe("llama3Factors", () => {
  const factors = llama3Factors(500_000, 64, {
    factor: 32,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalContextTokens: 8192,
  });

  it("leaves short waves, divides long ones by the factor, and blends in between", () => {
    // Wavelength 2 pi 500000^(i / 32): below 8192 / 4 up to i = 14, above 8192 from i = 18 on.
    expect([...factors.subarray(0, 15)]).toEqual(Array.from({ length: 15 }, () => 1));
    expect([...factors.subarray(18)]).toEqual(Array.from({ length: 14 }, () => 32));
    const [a = 0, b = 0, c = 0] = factors.subarray(15, 18);
    expect(1 < a && a < b && b < c && c < 32).toBe(true);
  });

  it("blends by the number of waves that fit the original context", () => {
    // i = 16: wavelength 4442.88, 1.84385 waves, blend 0.281283, 1 / (0.718717 / 32 + 0.281283).
    expect(factors[16]).toBeCloseTo(3.29226, 4);
  });
});
