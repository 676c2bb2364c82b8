import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { f16ToNumber } from "./half-floats.ts";
import { DECODABLE_TYPES } from "./decodable-types.ts";
import { decodeRows, encodeRows } from "./rows.ts";

const { F32, F16, BF16, Q8_0, Q4_0 } = GGML_TYPES;

/** A block of `values` and zeros. */
function block(...values: number[]): Float32Array {
  const out = new Float32Array(32);
  out.set(values);
  return out;
}

/** `bytes` at an odd address. */
function shifted(...bytes: number[]): Uint8Array {
  return Uint8Array.from([0xee, ...bytes]).subarray(1);
}

const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e4, max: 1e4 });
const blocks = fc.array(fc.array(finite, { minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 3 });

describe("decodeRows", () => {
  it("reads F32, F16 and BF16 from unaligned bytes", () => {
    expect([...decodeRows(F32.id, shifted(0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0), 2)]).toEqual([1, -2]);
    expect([...decodeRows(F16.id, shifted(0x00, 0x3c, 0x01, 0x00), 2)]).toEqual([1, 2 ** -24]);
    expect([...decodeRows(BF16.id, shifted(0x80, 0x3f, 0xc0, 0xc0), 2)]).toEqual([1, -6]);
  });

  it("keeps the bits of NaN", () => {
    const bits = new Uint32Array(decodeRows(BF16.id, Uint8Array.of(0x81, 0x7f), 1).buffer);
    expect(bits[0]).toBe(0x7f810000);
  });

  it("reads a Q8_0 block: f16 scale, 32 int8", () => {
    const bytes = new Uint8Array(34);
    bytes.set([0x00, 0x38, 1, 0x80, 0x7f, 0xff]); // 0.5; 1, -128, 127, -1
    const values = decodeRows(Q8_0.id, bytes, 32);
    expect([...values.subarray(0, 5)]).toEqual([0.5, -64, 63.5, -0.5, 0]);
  });

  it("reads a Q4_0 block: f16 scale, low nibbles first half, high nibbles second", () => {
    const bytes = new Uint8Array(18).fill(0x88);
    bytes.set([0x00, 0xc0, 0x0f, 0x90]); // -2; low 15, high 0; low 0, high 9
    const values = decodeRows(Q4_0.id, bytes, 32);
    expect([...values].map((value) => value + 0)).toEqual([
      -14,
      16,
      ...Array.from({ length: 14 }, () => 0),
      16,
      -2,
      ...Array.from({ length: 14 }, () => 0),
    ]);
  });

  it("refuses sizes that do not fit", () => {
    expect(() => decodeRows(Q8_0.id, new Uint8Array(33), 32)).toThrow(/take 34 bytes, not 33/);
    expect(() => decodeRows(Q8_0.id, new Uint8Array(17), 16)).toThrow(/take null bytes/);
    expect(() => decodeRows(GGML_TYPES.IQ2_XS.id, new Uint8Array(74), 256)).toThrow(/IQ2_XS/);
    expect(() => decodeRows(999, new Uint8Array(0), 0)).toThrow(/999/);
    expect(() => encodeRows(Q4_0.id, new Float32Array(31))).toThrow(/whole number of blocks/);
  });
});

describe("encodeRows", () => {
  it("rounds Q8_0 to nearest, ties away from zero", () => {
    const bytes = encodeRows(Q8_0.id, block(127, -127, 2.5, -2.5, 0.49, 1.5));
    expect([...bytes.subarray(0, 8)]).toEqual([0x00, 0x3c, 127, 256 - 127, 3, 256 - 3, 0, 2]);
  });

  it("gives Q4_0's value of largest magnitude, the first of equals, nibble 0", () => {
    // Scale 8 / -8 = -1: x becomes 8 - x, at most 15.
    const bytes = encodeRows(Q4_0.id, block(8, -8, 1, -1, 0.5, -7));
    expect([...bytes.subarray(0, 8)].map((byte, index) => (index < 2 ? byte : byte & 15))).toEqual([
      0x00, 0xbc, 0, 15, 7, 9, 8, 15,
    ]);
  });

  it("writes zeros for a block of zeros", () => {
    expect([...encodeRows(Q8_0.id, block())]).toEqual(Array.from({ length: 34 }, () => 0));
    expect([...decodeRows(Q4_0.id, encodeRows(Q4_0.id, block()), 32)].every((value) => value === 0)).toBe(true);
  });

  it("keeps what F32 holds, and every F16 and BF16, through both directions", () => {
    const bytes = Uint8Array.from({ length: 4096 }, (_, index) => (index * 37 + (index >> 8)) & 0xff);
    expect(encodeRows(F32.id, decodeRows(F32.id, bytes, 1024))).toEqual(bytes);
    for (const type of [F16, BF16]) {
      const numbers = bytes.map((byte, index) => (index % 2 === 1 ? byte & 0x3f : byte));
      expect(encodeRows(type.id, decodeRows(type.id, numbers, 2048))).toEqual(numbers);
    }
  });

  it("stays within half a step of Q8_0, a step of Q4_0 (whose top is cut), and the f16 scale's error", () => {
    fc.assert(
      fc.property(blocks, (rows) => {
        const values = Float32Array.from(rows.flat());
        for (const [type, halfSteps] of [
          [Q8_0, 1],
          [Q4_0, 2],
        ] as const) {
          const bytes = encodeRows(type.id, values);
          const decoded = decodeRows(type.id, bytes, values.length);
          for (const [index, value] of values.entries()) {
            const start = Math.floor(index / 32) * type.blockBytes;
            const step = Math.abs(f16ToNumber((bytes[start] ?? 0) | ((bytes[start + 1] ?? 0) << 8)));
            const scaleError = Math.abs(value) * 2 ** -10 + 127 * 2 ** -24;
            expect(Math.abs((decoded[index] ?? 0) - value)).toBeLessThanOrEqual(
              (halfSteps * step * 1.01) / 2 + scaleError,
            );
          }
        }
      }),
    );
  });

  it("is exact on what the format can hold", () => {
    const value = fc.integer({ min: -127, max: 127 });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 31, maxLength: 31 }),
        fc.integer({ min: -10, max: 5 }),
        (ints, power) => {
          const values = Float32Array.from([127, ...ints], (int) => int * 2 ** power);
          expect(decodeRows(Q8_0.id, encodeRows(Q8_0.id, values), 32).map((x) => x + 0)).toEqual(
            values.map((x) => x + 0),
          );
        },
      ),
    );
  });

  it.each(DECODABLE_TYPES)("keeps the largest value in %s", (name) => {
    const { id } = GGML_TYPES[name];
    const values = new Float32Array(512);
    values.set([0.5, -2, 0.5], 300);
    expect(decodeRows(id, encodeRows(id, values), 512)[301]).toBeCloseTo(-2, 2);
  });
});
