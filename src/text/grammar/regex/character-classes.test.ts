import { expect, it } from "vitest";
import { propertyRanges } from "./character-classes.ts";

it.each(["L", "Lu", "M", "Script=Greek", "Any", "Cn", "Emoji"])(
  "finds the code points of \\p{%s} as RegExp does one by one",
  (name) => {
    const property = new RegExp(`\\p{${name}}`, "u");
    const within = new Set<number>();
    for (const [low, high] of propertyRanges(name) ?? [])
      for (let point = low; point <= high; point += 1) within.add(point);
    // Surrogates have no UTF-8 and are left out. The first code points, the last of each plane, and a sample.
    const wrong: number[] = [];
    for (let point = 0; point <= 0x10ffff; point += point < 0x3000 || (point & 0xffff) > 0xffe0 ? 1 : 7) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      if (property.test(String.fromCodePoint(point)) !== within.has(point)) wrong.push(point);
    }
    expect(wrong).toEqual([]);
  },
);

it("knows no other names", () => {
  expect(propertyRanges("Nonsense")).toBe(null);
});
