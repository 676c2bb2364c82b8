import { describe, expect, it } from "vitest";
import { philox4x32, uniformAt } from "./random.ts";

describe("philox4x32", () => {
  // Known answers of Random123's own test file kat_vectors, philox4x32 with 10 rounds.
  it.each([
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      expected: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      expected: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      expected: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const)("gives the published words for counter $counter", ({ counter, key, expected }) => {
    expect(philox4x32(counter, key[0], key[1])).toEqual(expected);
  });
});

describe("uniformAt", () => {
  it("takes the upper 24 bits of the first word", () => {
    expect(uniformAt(0, 0, 0)).toBe(0x6627e8 / 2 ** 24);
  });

  it("depends on both halves of the seed and on the position", () => {
    const drawn = [uniformAt(1, 0, 0), uniformAt(0, 1, 0), uniformAt(0, 0, 1), uniformAt(1, 1, 1)];
    expect(new Set(drawn).size).toBe(4);
  });

  it("spreads evenly over [0, 1)", () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (let position = 0; position < 10_000; position += 1) {
      const bin = Math.floor(uniformAt(42, 7, position) * 10);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    // Five standard deviations of a binomial count around 1,000 are 150.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
