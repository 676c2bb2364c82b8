import { describe, expect, it } from "vitest";

import { ByteWriter } from "./byte-writer.ts";

describe("ByteWriter", () => {
  it("writes each kind little-endian", () => {
    const writer = new ByteWriter();
    writer.uint8(-1);
    writer.uint16(0x1234);
    writer.uint32(0x89abcdef);
    writer.uint64(-2n);
    writer.float32(1);
    writer.float64(-2);
    writer.size(2 ** 32 + 5);
    writer.string("é");
    expect(Buffer.from(writer.finish()).toString("hex")).toBe(
      ["ff", "3412", "efcdab89", "feffffffffffffff", "0000803f", "00000000000000c0"].join("") +
        ["0500000001000000", "0200000000000000", "c3a9"].join(""),
    );
  });

  it("grows in the middle of any kind of value", () => {
    const kinds: readonly ((writer: ByteWriter) => void)[] = [
      (writer) => writer.uint8(0xff),
      (writer) => writer.uint16(0xffff),
      (writer) => writer.uint32(0xffff_ffff),
      (writer) => writer.uint64(-1n),
      (writer) => writer.bytes(new Uint8Array(3).fill(0xff)),
      (writer) => writer.size(Number.MAX_SAFE_INTEGER),
    ];
    for (const [index, write] of kinds.entries()) {
      const writer = new ByteWriter();
      writer.zeros(4095);
      write(writer);
      expect(writer.finish()[4095]).toBe(0xff);
      expect(writer.length).toBe(4095 + ([1, 2, 4, 8, 3, 8][index] ?? 0));
    }
  });
});
