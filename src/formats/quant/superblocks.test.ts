/** Superblocks of 256 with values worked out by hand from the formats' definitions. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GGML_TYPES, type GgmlType } from "../gguf/ggml-types.ts";
import { decodeRows, encodeRows } from "./rows.ts";

// f16: 0x3800 is 0.5, 0x4000 is 2.
const HALF = [0x00, 0x38];
const TWO = [0x00, 0x40];

/** A superblock of zeros but for runs of bytes at the offsets given. */
function decode(type: GgmlType, fields: Readonly<Record<number, readonly number[]>>): Float32Array {
  const bytes = new Uint8Array(GGML_TYPES[type].blockBytes);
  for (const [at, run] of Object.entries(fields)) bytes.set(run, Number(at));
  return decodeRows(GGML_TYPES[type].id, bytes, 256);
}

describe("superblocks", () => {
  it("Q2_K: d * scale * quant - dmin * minimum for each 16", () => {
    // Sub-block 0: scale 3, minimum 1; 2 (values 32..47): scale 15, minimum 0; 9 (144..159): 1 and 2.
    const scales = { 0: [0x13], 2: [0x0f], 9: [0x21], 80: HALF, 82: TWO };
    // Byte 0: values 0, 32, 64 and 96 are 3, 2, 1 and 0. Byte 32 + 16: value 144 is 1.
    const values = decode("Q2_K", { ...scales, 16: [0b00_01_10_11], 64: [0b00_00_00_01] });
    expect(values[0]).toBe(0.5 * 3 * 3 - 2);
    expect(values[1]).toBe(-2);
    expect(values[32]).toBe(0.5 * 15 * 2);
    expect([values[64], values[96]]).toEqual([0, 0]);
    expect([values[144], values[145], values[160]]).toEqual([0.5 * 1 * 1 - 4, -4, 0]);
  });

  it("Q3_K: d * (scale - 32) * (quant - 4) for each 16", () => {
    // Scale 0: low 4 bits 5, high 2 bits 2, so 37 - 32; scale 9: low bits in the high half of byte 1, high in
    // bits 4..5 of byte 8 + 1: 1 | 1 << 4, so 17 - 32; scale 15: all ones, 31.
    const scales = { 96: [0x05, 0x10], 103: [0xf0], 104: [0b10], 105: [0b01_00_00], 107: [0b1100_0000], 108: TWO };
    // Third bits: of value 0 (byte 0, bit 0), 145 (byte 17, bit 4), 255 (byte 31, bit 7).
    const high = { 0: [0b1], 17: [0b1_0000], 31: [0x80] };
    // Low bits: value 0 is 3; 145 is byte 32 + 17, bits 0..1: 2; 255 is byte 32 + 31, bits 6..7: 1.
    const low = { 32: [0b11], 81: [0b10], 95: [0b0100_0000] };
    const values = decode("Q3_K", { ...scales, ...high, ...low });
    expect(values[0]).toBe(2 * 5 * (7 - 4));
    expect(values[1]).toBe(2 * 5 * (0 - 4));
    expect(values[145]).toBe(2 * -15 * (6 - 4));
    expect(values[255]).toBe(2 * 31 * (5 - 4));
    // Scale 1 is 0 - 32.
    expect(values[16]).toBe(2 * -32 * -4);
  });

  it.each([
    // Fifth bits, in Q5_K only: of value 0 (byte 0, bit 0) and of value 200 (byte 8, bit 6).
    { type: "Q4_K", quants: 16, fifth: 0, high: {} },
    { type: "Q5_K", quants: 48, fifth: 16, high: { 16: [0b1], 24: [0b0100_0000] } },
  ] as const)("$type: d * scale * quant - dmin * minimum for each 32", ({ type, quants, fifth, high }) => {
    // Sub-block 0: scale 63, minimum 1. Sub-block 6: low 4 bits of both in byte 8 + 2, 9 and 4; the high 2 bits
    // of the scale in byte 2, 3; of the minimum in byte 4 + 2, 1: so 57 and 20.
    const scales = { 0: HALF, 2: TWO, 4: [63], 6: [0b1100_0000], 8: [1], 10: [0b0100_0000], 14: [0x49] };
    // Value 0: low half of the first byte. Value 200 = 3 * 64 + 8: low half of byte 3 * 32 + 8; 232: its high half.
    const values = decode(type, { ...scales, ...high, [quants]: [0x0f], [quants + 104]: [0x72] });
    expect(values[0]).toBe(0.5 * 63 * (15 + fifth) - 2 * 1);
    expect(values[32]).toBe(0);
    expect(values[200]).toBe(0.5 * 57 * (2 + fifth) - 2 * 20);
    expect(values[201]).toBe(-40);
    // Sub-block 7 has scale and minimum 0.
    expect(values[232]).toBe(0);
  });

  it("Q6_K: d * scale * (quant - 32) for each 16", () => {
    const scales = { 192: [3], 196: [0x80], 207: [0xff], 208: HALF };
    // Value 0: low half of byte 0, bits 0..1 of byte 128: 0x2f. Value 64: high half of byte 0, bits 4..5 of byte
    // 128: 0x1c. Value 255 = 128 + 127: high half of byte 64 + 63, bits 6..7 of byte 128 + 32 + 31: 0x3f.
    const quants = { 0: [0xcf], 127: [0xf0], 128: [0b01_00_10], 191: [0b1100_0000] };
    const values = decode("Q6_K", { ...scales, ...quants });
    expect(values[0]).toBe(0.5 * 3 * (0x2f - 32));
    expect(values[1]).toBe(0.5 * 3 * -32);
    expect(values[64]).toBe(0.5 * -128 * (0x1c - 32));
    expect(values[255]).toBe(0.5 * -1 * (0x3f - 32));
  });

  it("IQ4_XS: d * (scale - 32) * level for each 32", () => {
    // Scale 0: low bits 3, high bits 2: 35 - 32. Scale 5: low bits in the high half of byte 4 + 2, high bits in
    // bits 2..3 of byte 2 + 1: 7 | 3 << 4, so 55 - 32.
    const scales = { 0: TWO, 2: [0b10, 0b11_00], 4: [0x03], 6: [0x70] };
    // Sub-block 5 begins at byte 8 + 5 * 16: value 160 is its low half, 176 its high half.
    const values = decode("IQ4_XS", { ...scales, 8: [0x0f], 88: [0x81] });
    expect(values[0]).toBe(2 * 3 * 113);
    expect(values[16]).toBe(2 * 3 * -127);
    expect(values[160]).toBe(2 * 23 * -104);
    expect(values[176]).toBe(2 * 23 * 1);
    expect(values[32]).toBe(2 * -32 * -127);
  });
});

const row = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 256, maxLength: 256 });

describe("encoders of superblocks", () => {
  /**
   * Shares of the largest magnitude. A value is off by half a step, or by a whole one where the other side
   * ends a level short, and by what rounding the sub-block's scale and minimum moves it.
   */
  it.each([
    ["Q2_K", 1 / 3 + 2.5 / 15],
    ["Q3_K", 1 / 4 + 1 / 32],
    ["Q4_K", 1 / 15 + 2.5 / 63],
    ["Q5_K", 1 / 31 + 2.5 / 63],
    ["Q6_K", 1 / 32 + 1 / 128],
    ["IQ4_XS", 14 / 127 + 1 / 32],
  ] as const)("%s is within %d of the largest magnitude", (type, share) => {
    fc.assert(
      fc.property(row, (values) => {
        const { id } = GGML_TYPES[type];
        const largest = Math.max(...values.map(Math.abs));
        const decoded = decodeRows(id, encodeRows(id, Float32Array.from(values)), 256);
        const worst = Math.max(...values.map((value, index) => Math.abs(value - (decoded[index] ?? 0))));
        expect(worst).toBeLessThanOrEqual(largest * (share + 2 ** -9) + 2 ** -10);
      }),
    );
  });
});
