import { describe, expect, it } from "vitest";
import { codePoints, tokenOffsets, tokenText } from "./token-text.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const piece = (bytes: Uint8Array): { token: number; bytes: Uint8Array } => ({ token: 0, bytes });

describe("tokenText", () => {
  it("is the text of whole characters", () => {
    expect(tokenText(utf8(" héllo"))).toBe(" héllo");
    expect(tokenText(utf8("\uFEFF"))).toBe("\uFEFF");
    expect(tokenText(new Uint8Array())).toBe("");
  });

  it("shows the bytes of half a character", () => {
    expect(tokenText(utf8("—").subarray(0, 2))).toBe(String.raw`bytes:\xe2\x80`);
  });
});

it("codePoints counts a pair once", () => {
  expect(codePoints("a😀é")).toBe(3);
});

describe("tokenOffsets", () => {
  it("counts characters, not bytes", () => {
    expect(tokenOffsets([piece(utf8("é")), piece(utf8("😀b")), piece(utf8("c"))], "é😀bc")).toEqual([0, 1, 3]);
  });

  it("puts the second half of a character where the character is", () => {
    const face = utf8("😀");
    const halves = [piece(face.subarray(0, 1)), piece(face.subarray(1)), piece(utf8("b"))];
    expect(tokenOffsets(halves, "😀b")).toEqual([0, 0, 1]);
  });

  it("counts a byte that is no character as the one that shows for it", () => {
    expect(tokenOffsets([piece(Uint8Array.of(0xb9)), piece(utf8("a")), piece(utf8("b"))], "\uFFFDab")).toEqual([
      0, 1, 2,
    ]);
  });

  it("counts half a character that is never continued", () => {
    const broken = [piece(Uint8Array.of(0xe2)), piece(utf8("a")), piece(utf8("b"))];
    expect(tokenOffsets(broken, "\uFFFDab")).toEqual([0, 1, 2]);
  });

  it("stays within a text that shows less than the tokens", () => {
    expect(tokenOffsets([piece(utf8("<|end|>")), piece(utf8("x"))], "")).toEqual([0, 0]);
  });
});
