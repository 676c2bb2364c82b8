import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { stringArray } from "./string-array.ts";

describe("stringArray", () => {
  it("gives back any strings, singly and all at once", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 300 })), (texts) => {
        const strings = stringArray(texts);
        expect(strings.length).toBe(texts.length);
        expect(strings.toArray()).toEqual(texts);
        expect(texts.map((_, index) => strings.get(index))).toEqual(texts);
      }),
    );
  });

  it("gives back any bytes, and decodes each string on its own as TextDecoder does", () => {
    const reference = new TextDecoder("utf-8", { ignoreBOM: true });
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), (pieces) => {
        const strings = stringArray(pieces);
        expect(pieces.map((_, index) => [...strings.bytes(index)])).toEqual(pieces.map((bytes) => [...bytes]));
        const decoded = pieces.map((bytes) => reference.decode(bytes));
        expect(strings.toArray()).toEqual(decoded);
      }),
    );
  });

  it("does not join the two halves of a character across strings", () => {
    const [first, second] = [Uint8Array.from([0xc4]), Uint8Array.from([0xa0])];
    expect(stringArray([first, second]).toArray()).toEqual(["\ufffd", "\ufffd"]);
    expect(stringArray(["\ufeffa", "Ġthe", "", "🙂", "x".repeat(200)]).toArray()).toEqual([
      "\ufeffa",
      "Ġthe",
      "",
      "🙂",
      "x".repeat(200),
    ]);
  });

  it("refuses an index outside", () => {
    expect(() => stringArray(["a"]).get(1)).toThrow(/outside/);
    expect(() => stringArray(["a"]).get(-1)).toThrow(/outside/);
  });
});
