import { expect, it } from "vitest";
import { parseSyntheticModel } from "./synthetic-model.ts";

it("reads a shape and a quantisation", () => {
  expect(parseSyntheticModel("MODEL", "llama-3.2-1b:Q4_0")).toEqual({ shape: "llama-3.2-1b", quant: "q4_0" });
});

it.each([
  ["llama-3.2-1b", "is not SHAPE:QUANT"],
  ["tiny:q4_0:2", "is not SHAPE:QUANT"],
  ["lama-3.2-1b:q4_0", "Did you mean llama-3.2-1b?"],
  ["tiny:q9", "there is no quantisation"],
  ["toString:q4_0", "there is no shape"],
])("refuses %s", (text, message) => {
  expect(() => parseSyntheticModel("MODEL", text)).toThrow(message);
});
