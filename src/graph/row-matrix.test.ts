import { describe, expect, it } from "vitest";
import { f32Rows, gatherMatrixRows, quantizeRows, roundHalfEven, toF64 } from "./row-matrix.ts";

describe("roundHalfEven", () => {
  it.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, 0],
    [-1.5, -2],
    [0.49999999, 0],
    [126.7, 127],
  ])("rounds %d to %d", (value, expected) => {
    expect(roundHalfEven(value) + 0).toBe(expected);
  });
});

describe("quantizeRows", () => {
  it("scales each group of 32 by its largest magnitude", () => {
    const values = new Float32Array(64);
    values.set([1.27, -0.63, 0.01, 0.014]);
    values.set([-254], 40);
    const { values: quantized, scales } = quantizeRows(f32Rows(1, 64, values));
    expect([...quantized.subarray(0, 5)]).toEqual([127, -63, 1, 1, 0]);
    expect(quantized[40]).toBe(-127);
    expect(scales[0]).toBeCloseTo(0.01, 8);
    expect(scales[1]).toBe(2);
  });

  it("gives zeros and scale 0 for a group of zeros", () => {
    const { values, scales } = quantizeRows(f32Rows(1, 32));
    expect(values.every((value) => value === 0)).toBe(true);
    expect(scales[0]).toBe(0);
  });

  it("holds values of a subnormal scale within +-127", () => {
    // The scale is the smallest subnormal, 2^-149; the value is 180 times that.
    const { values } = quantizeRows(
      f32Rows(
        1,
        32,
        Float32Array.from({ length: 32 }, () => 180 * 2 ** -149),
      ),
    );
    expect(values[0]).toBe(127);
  });

  it("loses at most half a step", () => {
    const values = Float32Array.from({ length: 96 }, (_, i) => Math.sin(i * 1.7) * (i + 1));
    const quantized = quantizeRows(f32Rows(3, 32, values));
    for (const [i, value] of toF64(quantized).entries()) {
      const scale = quantized.scales[Math.floor(i / 32)] ?? 0;
      expect(Math.abs(value - (values[i] ?? 0))).toBeLessThanOrEqual(scale * 0.50001);
    }
  });
});

it("gathers rows of both types", () => {
  const values = Float32Array.from({ length: 96 }, (_, i) => i);
  const matrix = f32Rows(3, 32, values);
  const picked = Int32Array.of(2, 0);
  expect(toF64(gatherMatrixRows(matrix, picked))).toEqual(
    Float64Array.from([...values.subarray(64), ...values.subarray(0, 32)]),
  );
  const all = toF64(quantizeRows(matrix));
  expect(toF64(gatherMatrixRows(quantizeRows(matrix), picked))).toEqual(
    Float64Array.from([...all.subarray(64), ...all.subarray(0, 32)]),
  );
});
