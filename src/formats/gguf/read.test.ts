import { describe, expect, it } from "vitest";

import type { ByteSource, OpenByteSource } from "../byte-source.ts";
import { memorySource } from "../file-source.ts";
import { GGUF_LIMITS } from "./limits.ts";
import type { GgufModel } from "./model.ts";
import { readGguf } from "./read.ts";
import { type GgufValue, ggufValue } from "./value.ts";
import { ggufBytes } from "./write.ts";

/** Bytes of a file written out by hand, as the specification lays them out, little-endian. */
function bytesOf(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((piece) => [...(typeof piece === "string" ? Buffer.from(piece) : piece)]));
}
function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
function u64(value: number | bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}
function text(value: string): Uint8Array {
  return bytesOf(u64(Buffer.byteLength(value)), value);
}

function read(bytes: Uint8Array, limits = GGUF_LIMITS): GgufModel {
  return readGguf("m.gguf", (path) => memorySource(path, bytes), limits);
}

/** A file with one tensor, described by hand. */
function oneTensor(info: Uint8Array, dataBytes: number): Uint8Array {
  const header = bytesOf("GGUF", u32(3), u64(1), u64(0), text("w"), info);
  return bytesOf(header, new Uint8Array((32 - (header.length % 32)) % 32), new Uint8Array(dataBytes));
}

function v3(tensors: number | bigint, entries: number | bigint): Uint8Array {
  return bytesOf("GGUF", u32(3), u64(tensors), u64(entries));
}

/** The description of an F32 tensor after its name. */
function f32At(offset: number, ...shape: readonly (number | bigint)[]): Uint8Array {
  return bytesOf(u32(shape.length), ...shape.map(u64), u32(0), u64(offset));
}

/** A file of F32 tensors of 64 bytes each. */
function tensorsAt(...places: readonly (readonly [name: string, offset: number])[]): Uint8Array {
  const infos = places.map(([name, offset]) => bytesOf(text(name), f32At(offset, 16)));
  return bytesOf(v3(places.length, 0), ...infos, new Uint8Array(200));
}

describe("readGguf", () => {
  it.each([2, 3])("reads a version %d file laid out by hand", (version) => {
    const header = bytesOf(
      "GGUF",
      u32(version),
      u64(2),
      u64(3),
      text("general.architecture"),
      u32(8),
      text("llama"),
      text("general.alignment"),
      u32(4),
      u32(64),
      text("list"),
      u32(9),
      u32(4),
      u64(2),
      u32(7),
      u32(8),
      text("a"),
      u32(2),
      u64(3),
      u64(2),
      u32(0),
      u64(64),
      text("b"),
      u32(1),
      u64(32),
      u32(8),
      u64(0),
    );
    const dataOffset = Math.ceil(header.length / 64) * 64;
    const file = new Uint8Array(dataOffset + 64 + 24);
    file.set(header);
    file.set(new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer), dataOffset + 64);
    const model = read(file);
    expect(model).toMatchObject({ path: "m.gguf", version, parameters: 38, tensorBytes: 58, fileBytes: file.length });
    expect(model.metadata.getString("general.architecture")).toBe("llama");
    expect(model.metadata.findUintArray("list")).toEqual([7, 8]);
    const a = model.tensors.get("a");
    expect(a).toMatchObject({
      type: "F32",
      typeId: 0,
      shape: [3, 2],
      columns: 3,
      rows: 2,
      elements: 6,
      byteLength: 24,
    });
    expect(new Float32Array(new Uint8Array(a?.view() ?? []).buffer)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(model.tensors.get("b")).toMatchObject({ type: "Q8_0", offset: dataOffset, rows: 1, byteLength: 34 });
  });

  it("keeps metadata after dispose, and the odd bytes of strings", () => {
    const odd = Uint8Array.of(0xff, 0x41);
    const file = ggufBytes({ metadata: [["tokens", ggufValue.strings([odd, "é"])]], tensors: [] });
    const model = read(file);
    model.dispose();
    file.fill(0);
    expect(model.metadata.getStringArray("tokens")).toEqual(["\ufffdA", "é"]);
    expect(model.metadata.findStrings("tokens")?.bytes(0)).toEqual(odd);
  });

  it("reads a header that is longer than what it looks at first", () => {
    const tokens = Array.from({ length: 60_000 }, (_, index) => `token ${index}`);
    const numbers = Array.from({ length: 60_000 }, (_, index) => index);
    const file = ggufBytes({
      metadata: [
        ["tokens", ggufValue.strings(tokens)],
        ["scores", ggufValue.numbers("float32", numbers)],
        ["tail", ggufValue.string("end")],
      ],
      tensors: [{ name: "w", type: "I8", shape: [3], data: Uint8Array.of(1, 2, 3) }],
    });
    expect(file.length).toBeGreaterThan(2 ** 20);
    const model = read(file);
    expect(model.metadata.getStringArray("tokens")).toEqual(tokens);
    expect(model.metadata.findStrings("tokens")?.get(59_999)).toBe("token 59999");
    expect(model.metadata.findFloat32Array("scores")).toEqual(Float32Array.from(numbers));
    expect(model.metadata.getString("tail")).toBe("end");
    expect(model.tensors.get("w")?.view()).toEqual(Uint8Array.of(1, 2, 3));
  });

  it("disposes of its source when the file is wrong", () => {
    const open: ByteSource[] = [];
    const opener: OpenByteSource = (path) => {
      const source = { ...memorySource(path, bytesOf("GGUF", u32(9))), dispose: () => open.pop() };
      open.push(source);
      return source;
    };
    expect(() => readGguf("m.gguf", opener)).toThrow(/version 9/);
    expect(open).toEqual([]);
  });
});

describe("readGguf refuses", () => {
  it.each([
    ["an empty file", bytesOf(), "m.gguf is not a GGUF file: it begins with nothing (it is empty)"],
    ["another format", bytesOf("PK\u0003\u0004...."), 'it begins with "PK\\u0003\\u0004", not "GGUF"'],
    ["version 1", bytesOf("GGUF", u32(1)), "is GGUF version 1; versions 2 and 3 are read. Convert the model again"],
    ["a later version", bytesOf("GGUF", u32(4)), "is GGUF version 4; versions 2 and 3 are read. The file is newer"],
    [
      "big-endian",
      bytesOf("GGUF", Uint8Array.of(0, 0, 0, 3)),
      "is GGUF version 3; versions 2 and 3 are read. The file is big-endian",
    ],
    ["a lying tensor count", v3(2 ** 40, 0), "field tensor_count at offset 8 needs 26388279066624 bytes, 8 are left"],
    ["a lying entry count", v3(0, 3), "field metadata_kv_count at offset 16 needs 39 bytes, 0 are left"],
    [
      "a count of 2^64 - 1",
      v3(2n ** 64n - 1n, 0),
      "field tensor_count at offset 8: 18446744073709551615 is above 2^53 - 1",
    ],
    [
      "an unknown value type",
      bytesOf(v3(0, 1), text("k"), u32(13), u64(0)),
      "field k (type) at offset 33: there is no value type 13",
    ],
    [
      "a lying string",
      bytesOf(v3(0, 1), text("k"), u32(8), u64(99)),
      "field k at offset 37 needs 99 bytes, 0 are left",
    ],
    [
      "a lying array",
      bytesOf(v3(0, 1), text("k"), u32(9), u32(12), u64(2 ** 30)),
      "field k (length) at offset 41 needs 8589934592 bytes, 0 are left",
    ],
    [
      "a lying string in an array",
      bytesOf(v3(0, 1), text("k"), u32(9), u32(8), u64(2), text("a"), u64(2 ** 33)),
      "field k[1] at offset 58 needs 8589934592 bytes, 0 are left",
    ],
    [
      "a bool of 2",
      bytesOf(v3(0, 1), text("k"), u32(7), Uint8Array.of(2), u64(0)),
      "field k at offset 37: a bool is 0 or 1, not 2",
    ],
    [
      "a key twice",
      bytesOf(v3(0, 2), text("k"), u32(0), "a", text("k"), u32(0), "a"),
      "field k at offset 38: the key appears twice",
    ],
    [
      "5 dimensions",
      oneTensor(f32At(0, 1, 1, 1, 1, 1), 4),
      'field tensor "w" (dimensions) at offset 33: 5 dimensions; ggml has at most 4',
    ],
    ["a dimension of 0", oneTensor(f32At(0, 4, 0), 4), 'tensor "w" (dimension 1) at offset 45: a dimension is 0'],
    [
      "a shape that overflows",
      oneTensor(f32At(0, 2 ** 32, 2 ** 32), 4),
      'tensor "w" at offset 24: its shape [4294967296, 4294967296] is too large',
    ],
    ["a size that overflows", oneTensor(f32At(0, 2 ** 52), 4), "its shape [4503599627370496] is too large"],
    ["an unknown tensor type", oneTensor(bytesOf(u32(1), u64(4), u32(77), u64(0)), 4), "tensor type 77 is not known"],
    [
      "half a block",
      oneTensor(bytesOf(u32(1), u64(48), u32(8), u64(0)), 99),
      "48 columns are no whole number of Q8_0 blocks of 32",
    ],
    ["unaligned data", oneTensor(f32At(4, 1), 99), "its data offset 4 is no multiple of the alignment 32"],
    [
      "data beyond the end",
      oneTensor(f32At(0, 9), 35),
      'field tensor "w" data at offset 64 needs 36 bytes, 35 are left',
    ],
    ["data far beyond the end", oneTensor(f32At(2 ** 40, 9), 35), "needs 36 bytes, 0 are left"],
  ])("%s", (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
  });

  it("tensors that appear twice or lie over each other", () => {
    expect(() => read(tensorsAt(["w", 0], ["w", 64]))).toThrow('tensor "w" at offset 57: the tensor appears twice');
    expect(() => read(tensorsAt(["v", 32], ["w", 0]))).toThrow(
      'tensor "v" at offset 24: its data at 32 lies over another tensor\'s, which ends at 64',
    );
  });

  it.each([
    [bytesOf(u32(4), u32(0)), "0 is no power of 2"],
    [bytesOf(u32(4), u32(48)), "48 is no power of 2"],
    [bytesOf(u32(4), u32(2 ** 31)), "is 2147483648, above the limit 1048576 (alignmentBytes)"],
    [bytesOf(u32(5), u32(2 ** 32 - 32)), "it must be a non-negative integer"],
    [bytesOf(u32(6), new Uint8Array(Float32Array.of(0.5).buffer)), "it must be a non-negative integer"],
    [bytesOf(u32(8), text("32")), "it must be a non-negative integer"],
  ])("alignment %#", (value, message) => {
    const file = bytesOf(v3(0, 1), text("general.alignment"), value);
    expect(() => read(file)).toThrow("field general.alignment at offset 24");
    expect(() => read(file)).toThrow(message);
  });

  it.each([
    ["strings", u32(8), 8],
    ["numbers", u32(12), 8],
    ["bools", u32(7), 1],
  ])("an array of %s that only a terabyte could hold, even in a file of that size", (_, type, itemBytes) => {
    const start = bytesOf(v3(0, 1), text("k"), u32(9), type, u64(2 ** 39 / itemBytes));
    const source: ByteSource = {
      path: "m.gguf",
      size: 2 ** 40,
      view: (offset, length) => bytesOf(start, new Uint8Array(length)).subarray(offset, offset + length),
      isCurrent: () => true,
      dispose() {},
    };
    expect(() => readGguf("m.gguf", () => source)).toThrow(
      "field k (length) at offset 41 is 549755813937, above the limit 268435456 (headerBytes)",
    );
  });

  it("what is above a limit, by the limit's name", () => {
    const nest = (depth: number): GgufValue =>
      depth === 0 ? ggufValue.numbers("uint8", [1]) : ggufValue.arrays([nest(depth - 1) as never]);
    const file = ggufBytes({
      metadata: [
        ["a long key", ggufValue.uint8(1)],
        ["s", ggufValue.string("a long string")],
        ["nested", nest(3)],
        ["strings", ggufValue.strings(["a long string"])],
      ],
      tensors: [{ name: "a long name", type: "F32", shape: [1], data: new Uint8Array(4) }],
    });
    expect(read(file).metadata.size).toBe(4);
    const limited = [
      { keyBytes: 9 },
      { stringBytes: 12 },
      { metadataEntries: 3 },
      { arrayDepth: 3 },
      { nestedArrays: 2 },
      { tensors: 0 },
      { tensorNameBytes: 10 },
      { headerBytes: 100 },
    ];
    for (const limit of limited) {
      expect(() => read(file, { ...GGUF_LIMITS, ...limit })).toThrow(`(${Object.keys(limit)[0]})`);
    }
  });
});
