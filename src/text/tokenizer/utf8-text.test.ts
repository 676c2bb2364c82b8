import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { codePointAt, utf8Length, wellFormed, writeUtf8 } from "./utf8-text.ts";

describe("UTF-8 of text", () => {
  it("is what TextEncoder writes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (before, text) => {
        const expected = new TextEncoder().encode(text);
        const bytes = new Uint8Array(2 + text.length * 3);
        const length = writeUtf8(before + text, before.length, before.length + text.length, bytes, 2);
        expect(bytes.subarray(2, 2 + length)).toEqual(expected);
        const points: number[] = [];
        for (let offset = 2; offset < 2 + length; offset += utf8Length(bytes[offset] ?? 0)) {
          points.push(codePointAt(bytes, offset));
        }
        expect(points).toEqual(Array.from(text, (character) => character.codePointAt(0)));
      }),
      { numRuns: 500 },
    );
  });

  it("replaces lone surrogates and nothing else", () => {
    const units = fc.array(fc.constantFrom(0x41, 0xd83d, 0xde00, 0xe000, 0xd7ff), { maxLength: 8 });
    fc.assert(
      fc.property(units, (codes) => {
        const text = String.fromCharCode(...codes);
        expect(wellFormed(text)).toBe(new TextDecoder().decode(new TextEncoder().encode(text)));
      }),
    );
  });
});
