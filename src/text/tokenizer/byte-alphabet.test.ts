import { describe, expect, it } from "vitest";

import { BYTE_OF_CHARACTER, CHARACTER_OF_BYTE } from "./byte-alphabet.ts";

describe("byte alphabet", () => {
  it("has one character for each byte, and back", () => {
    expect(new Set(CHARACTER_OF_BYTE).size).toBe(256);
    for (const [byte, character] of CHARACTER_OF_BYTE.entries()) {
      expect(character).toMatch(/^[^\s\p{C}]$/u);
      expect(BYTE_OF_CHARACTER[character.charCodeAt(0)]).toBe(byte);
    }
  });

  it("is GPT-2's", () => {
    // From the vocabulary of GPT-2: space, newline, tab, NUL, DEL, soft hyphen, and bytes that stay.
    const known = { 0x20: "Ġ", 0x0a: "Ċ", 0x09: "ĉ", 0x00: "Ā", 0x7f: "ġ", 0xad: "Ń", 0x41: "A", 0xff: "ÿ" };
    for (const [byte, character] of Object.entries(known)) expect(CHARACTER_OF_BYTE[Number(byte)]).toBe(character);
  });
});
