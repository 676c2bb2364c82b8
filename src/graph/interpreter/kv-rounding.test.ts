import { describe, expect, it } from "vitest";
import { roundToHalf, storeRounded } from "./kv-rounding.ts";

/** The finite number with bits `half` (sign 0), by the definition of IEEE 754 binary16. */
function halfValue(half: number): number {
  const exponent = half >> 10;
  const mantissa = half & 0x3ff;
  return exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25);
}

describe("roundToHalf", () => {
  const finite = Array.from({ length: 0x7c00 }, (_, half) => halfValue(half));

  it("keeps every half-precision number", () => {
    expect(finite.every((value) => roundToHalf(value) === value && roundToHalf(-value) === -value)).toBe(true);
  });

  it("rounds the middle of two neighbours to the even one, and anything off it to the nearer", () => {
    const wrong = finite.slice(0, -1).filter((low, half) => {
      const high = halfValue(half + 1);
      const middle = (low + high) / 2;
      const even = half % 2 === 0 ? low : high;
      const step = (high - low) / 8;
      return roundToHalf(middle) !== even || roundToHalf(middle - step) !== low || roundToHalf(middle + step) !== high;
    });
    expect(wrong).toEqual([]);
  });

  it("overflows from 65520 on", () => {
    expect(roundToHalf(65519.99609375)).toBe(65504);
    expect(roundToHalf(65520)).toBe(Infinity);
    expect(roundToHalf(-1e6)).toBe(-Infinity);
    expect(roundToHalf(Number.NaN)).toBeNaN();
  });
});

describe("storeRounded", () => {
  it("gives each head its own int8 scale", () => {
    const target = new Float32Array(10);
    storeRounded("int8", 4, Float32Array.of(127, 63.6, -1.4, 0, 1.27, 0.004, 0, 0), target, 2);
    expect([...target.subarray(2, 6)]).toEqual([127, 64, -1, 0]);
    expect(target[6]).toBeCloseTo(1.27, 6);
    expect(target[7]).toBe(0);
    expect([...target.subarray(0, 2)]).toEqual([0, 0]);
  });

  it("keeps f32 as it is and rounds f16", () => {
    const target = new Float32Array(2);
    storeRounded("f32", 2, Float32Array.of(0.1, 3), target, 0);
    expect([...target]).toEqual([Math.fround(0.1), 3]);
    storeRounded("f16", 2, Float32Array.of(0.1, 3), target, 0);
    expect([...target]).toEqual([0.0999755859375, 3]);
  });
});
