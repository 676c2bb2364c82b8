import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { bf16FromNumber, f16FromNumber, f16ToF32Bits, f16ToNumber } from "./half-floats.ts";

/** The value of f16 `half` by IEEE 754's formula. */
function valueOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = (half & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

const ALL = Array.from({ length: 0x10000 }, (_, half) => half);
const isNaN16 = (half: number): boolean => (half & 0x7fff) > 0x7c00;

function float32(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0;
}

describe("f16", () => {
  it("widens all 65,536 values by the formula", () => {
    expect(ALL.filter((half) => !Object.is(f16ToNumber(half), valueOf(half)))).toEqual([]);
  });

  it("keeps NaN payloads", () => {
    expect(f16ToF32Bits(0x7e01)).toBe(0x7fc02000);
    expect(f16ToF32Bits(0xfc01)).toBe(0xff802000);
  });

  it("narrows every f16 to itself", () => {
    expect(ALL.filter((half) => !isNaN16(half) && f16FromNumber(valueOf(half)) !== half)).toEqual([]);
    expect(isNaN16(f16FromNumber(Number.NaN))).toBe(true);
  });

  it("rounds halfway points to even and all else to the nearest", () => {
    // Non-negative finite values are ordered as their bits are.
    const finite = ALL.filter((half) => half < 0x7bff);
    const wrong = finite.filter((half) => {
      const middle = (valueOf(half) + valueOf(half + 1)) / 2;
      const even = half % 2 === 0 ? half : half + 1;
      return f16FromNumber(middle) !== even || f16FromNumber(-middle) !== (even | 0x8000);
    });
    expect(wrong).toEqual([]);
    fc.assert(
      fc.property(fc.float({ min: 0, max: 65504, noNaN: true }), (value) => {
        const half = f16FromNumber(value);
        const error = Math.abs(valueOf(half) - value);
        expect(error).toBeLessThanOrEqual(Math.abs(valueOf(half + 1) - value));
        expect(error).toBeLessThanOrEqual(Math.abs(valueOf(Math.max(half - 1, 0)) - value));
      }),
    );
  });

  it("overflows to infinity from 65520 on", () => {
    expect(f16FromNumber(65519.99)).toBe(0x7bff);
    expect(f16FromNumber(65520)).toBe(0x7c00);
    expect(f16FromNumber(-1e30)).toBe(0xfc00);
    expect(f16FromNumber(2 ** -25)).toBe(0);
    expect(f16FromNumber(2 ** -25 * 1.001)).toBe(1);
  });
});

describe("bf16", () => {
  it("takes the upper half where the lower is zero", () => {
    const wrong = ALL.filter((upper) => (upper & 0x7fff) <= 0x7f80 && bf16FromNumber(float32(upper << 16)) !== upper);
    expect(wrong).toEqual([]);
  });

  it("rounds to nearest, ties to even, and keeps NaN", () => {
    expect(bf16FromNumber(float32(0x3f808000))).toBe(0x3f80);
    expect(bf16FromNumber(float32(0x3f818000))).toBe(0x3f82);
    expect(bf16FromNumber(float32(0x3f808001))).toBe(0x3f81);
    expect(bf16FromNumber(float32(0xbf807fff))).toBe(0xbf80);
    expect(bf16FromNumber(float32(0x7f7fffff))).toBe(0x7f80);
    expect(bf16FromNumber(Number.NaN) & 0x7fff).toBeGreaterThan(0x7f80);
    expect(bf16FromNumber(float32(0x7f800001)) & 0x7fff).toBeGreaterThan(0x7f80);
  });
});
