import { expect, test } from "vitest";
import { ggufValue } from "../../formats/gguf/value.ts";
import { metadataJson, metadataText } from "./metadata-value.ts";

test.each([
  ["7", ggufValue.uint32(7)],
  ["0.00001", ggufValue.float32(Math.fround(1e-5))],
  ["0.1", ggufValue.float64(0.1)],
  ["true", ggufValue.bool(true)],
  ['"1152921504606846976"', ggufValue.uint64(2n ** 60n)],
  [String.raw`"a\u001b[31m\u009b"`, ggufValue.string("a\u001B[31m\u009B")],
  [`"${"x".repeat(72)}..."`, ggufValue.string("x".repeat(100))],
  ["[5 float32: 0.5, 1, 2, 3, ...]", ggufValue.numbers("float32", [0.5, 1, 2, 3, 4])],
  ['[2 string: "a", "b"]', ggufValue.strings(["a", "b"])],
  ["[0 string]", ggufValue.strings([])],
  ["[2 bool: true, false]", ggufValue.bools([true, false])],
  ["[1 array: [1 int8: 1]]", ggufValue.arrays([ggufValue.numbers("int8", [1])])],
])("%s", (line, value) => {
  expect(metadataText(value)).toBe(line);
});

test("JSON keeps exact integers as numbers", () => {
  expect(metadataJson(ggufValue.uint64(4096n))).toBe(4096);
  expect(metadataJson(ggufValue.bigints("int64", [1n, 2n]))).toEqual({ type: "int64", length: 2, first: ["1", "2"] });
});
