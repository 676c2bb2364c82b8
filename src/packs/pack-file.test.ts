import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testFolder } from "../../test/support/test-folder.ts";
import { encodePackHeader, planPack, readBlockSums, readPackHeader, weightsOffset } from "./pack-file.ts";

const folder = testFolder();
const MIB = 2 ** 20;
const WEIGHT_BYTES = 9 * MIB;
const HEADER = {
  key: "ab".repeat(32),
  layout: "rows16x4",
  model: { name: "tiny", files: ["/models/tiny.gguf"], bytes: 123, modifiedMs: 1_700_000_000_000.5, quant: "none" },
} as const;

/** A pack whose weights are a hole. */
function packAt(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, encodePackHeader(HEADER, WEIGHT_BYTES));
  truncateSync(path, planPack(WEIGHT_BYTES).fileBytes);
  return path;
}

describe("planPack", () => {
  it("puts the weights on a huge page, behind a sum for each 4 MiB of them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 42 }), (bytes) => {
        const { sumsOffset, dataOffset, fileBytes } = planPack(bytes);
        expect(dataOffset % (2 * MIB)).toBe(0);
        expect(dataOffset).toBeGreaterThanOrEqual(sumsOffset + Math.ceil(bytes / (4 * MIB)) * 8);
        expect(fileBytes).toBe(dataOffset + bytes);
      }),
    );
  });
});

describe("readPackHeader", () => {
  it("gives back what was written, and where the weights lie", () => {
    const read = readPackHeader(packAt("whole"));
    expect(read).toMatchObject({ header: HEADER, fileBytes: planPack(WEIGHT_BYTES).fileBytes });
    if (!("header" in read)) return;
    expect(weightsOffset(read.header, WEIGHT_BYTES)).toBe(2 * MIB);
    expect(weightsOffset(read.header, WEIGHT_BYTES + 4096)).toBeNull();
  });

  it("finds every changed bit of the header", () => {
    const path = packAt("changed");
    const good = readFileSync(path);
    const headerBytes = encodePackHeader(HEADER, WEIGHT_BYTES).length;
    // Bytes 48 to 63 are not used.
    const place = fc.integer({ min: 0, max: headerBytes - 1 }).filter((at) => at < 48 || at >= 64);
    fc.assert(
      fc.property(place, fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const bad = good.subarray(0, headerBytes).slice();
        bad[at] = (bad[at] ?? 0) ^ (1 << bit);
        writeFileSync(path, bad);
        expect(readPackHeader(path)).toHaveProperty("problem");
      }),
      { numRuns: 200 },
    );
  });

  it.each([0, 8, 63, 64, 200, 2 * MIB, 2 * MIB + WEIGHT_BYTES - 1])("refuses a file cut at %i bytes", (bytes) => {
    const path = packAt("cut");
    truncateSync(path, bytes);
    expect(readPackHeader(path)).toHaveProperty("problem");
  });

  it("says that another version's pack is one", () => {
    const path = packAt("version");
    const bytes = encodePackHeader(HEADER, WEIGHT_BYTES);
    bytes[8] = 99;
    writeFileSync(path, bytes);
    expect(readPackHeader(path)).toEqual({ problem: "it is version 99, this Turnwise has 1" });
  });

  it("tells an absent file from one that cannot be read", () => {
    expect(readPackHeader(join(folder, "absent"))).toEqual({ absent: true });
    expect(readPackHeader(folder)).toHaveProperty("problem");
  });
});

describe("readBlockSums", () => {
  it("gives two words for each block", () => {
    const path = packAt("sums");
    const bytes = readFileSync(path);
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(
      planPack(WEIGHT_BYTES).sumsOffset + 8,
      5n + 2n ** 33n,
      true,
    );
    writeFileSync(path, bytes);
    expect([...readBlockSums(path, WEIGHT_BYTES)]).toEqual([0, 0, 5, 2, 0, 0]);
  });
});
