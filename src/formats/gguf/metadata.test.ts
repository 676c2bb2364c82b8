import { describe, expect, it } from "vitest";

import { ggufMetadata } from "./metadata.ts";
import { type GgufValue, ggufValue } from "./value.ts";

function metadataOf(entries: Record<string, GgufValue>): ReturnType<typeof ggufMetadata> {
  return ggufMetadata(new Map(Object.entries(entries)));
}

const metadata = metadataOf({
  "general.architecture": ggufValue.string("llama"),
  u8: ggufValue.uint8(200),
  i32: ggufValue.int32(-7),
  f32: ggufValue.float32(0.5),
  u64: ggufValue.uint64(4096n),
  huge: ggufValue.uint64(2n ** 53n),
  yes: ggufValue.bool(true),
  names: ggufValue.strings(["a", "b"]),
  kinds: ggufValue.numbers("int32", [1, -2]),
  wide: ggufValue.numbers("uint32", [1, 4_000_000_000]),
  fractions: ggufValue.numbers("float64", [0.1, 2]),
  longs: ggufValue.bigints("uint64", [1n, 2n]),
  nested: ggufValue.arrays([ggufValue.bools([true])]),
});

describe("ggufMetadata", () => {
  it("reads each kind", () => {
    expect(metadata.getString("general.architecture")).toBe("llama");
    expect(metadata.getUint("u8")).toBe(200);
    expect(metadata.getUint("u64")).toBe(4096);
    expect(metadata.findInt("i32")).toBe(-7);
    expect(metadata.findFloat("f32")).toBe(0.5);
    expect(metadata.findFloat("u8")).toBe(200);
    expect(metadata.findBool("yes")).toBe(true);
    expect(metadata.getStringArray("names")).toEqual(["a", "b"]);
    expect(metadata.findStrings("names")?.get(1)).toBe("b");
    expect(metadata.findInt32Array("kinds")).toEqual(Int32Array.of(1, -2));
    expect(metadata.findFloat32Array("fractions")).toEqual(Float32Array.of(0.1, 2));
    expect(metadata.findUintArray("longs")).toEqual([1, 2]);
    expect(metadata.findUintArray("u8")).toEqual([200]);
    expect([...metadata.entries()].map(([key]) => key)).toHaveLength(metadata.size);
  });

  it("finds nothing where the key is absent, and names it where it is needed", () => {
    expect(metadata.findUint("llama.block_count")).toBeUndefined();
    expect(metadata.findStringArray("llama.block_count")).toBeUndefined();
    expect(metadata.has("llama.block_count")).toBe(false);
    expect(() => metadata.getUint("llama.block_count")).toThrow(
      "Metadata key llama.block_count is missing; a llama model needs it.",
    );
    expect(() => metadataOf({}).getString("general.architecture")).toThrow(/a GGUF model needs it/);
  });

  it.each([
    ["getUint", "i32", "it is the int32 -7, not a non-negative integer"],
    ["getUint", "huge", "it is the uint64 9007199254740992, not an integer within 2^53"],
    ["findInt", "f32", "it is the float32 0.5, not an integer"],
    ["findInt", "yes", "it is the bool true, not an integer"],
    ["findFloat", "names", "it is an array of 2 strings, not a number"],
    ["getString", "u8", "it is the uint8 200, not a string"],
    ["findBool", "u8", "it is the uint8 200, not a bool"],
    ["getStringArray", "kinds", "it is an array of 2 int32, not an array of strings"],
    ["findStrings", "nested", "it is an array of 1 arrays, not an array of strings"],
    ["findUintArray", "kinds", "it holds -2, not a non-negative integer"],
    ["findUintArray", "names", "not an array of integers"],
    ["findInt32Array", "wide", "item 1 is not a 32-bit integer"],
    ["findInt32Array", "fractions", "item 0 is not a 32-bit integer"],
    ["findFloat32Array", "names", "not an array of numbers"],
  ] as const)("%s of %s says what is wrong", (method, key, problem) => {
    expect(() => metadata[method](key)).toThrow(`Metadata key ${key}: `);
    expect(() => metadata[method](key)).toThrow(problem);
  });
});
