/** Loops marked by native/kernels/neon/model_loop.h, found in assembly as GCC writes it. */

import { describe, expect, it } from "vitest";
import { findMarkedLoops, straightLine } from "./assembly-loops.mjs";

/** An instruction as GCC writes it, its operands behind a tab. */
const instruction = (text) => text.replace(/ /, "\t");

const nameOf = (line) => line.split("\t")[0];

/** A function's text: labels stand in column 0, all else behind a tab. */
const functionText = (symbol, lines) =>
  [
    `${symbol}:`,
    ...lines.map((line) => {
      if (/^\.?\w+:/.test(line)) return line;
      return line.startsWith("//") ? `\t${line}` : `\t${instruction(line)}`;
    }),
  ].join("\n");

const NESTED = functionText("kernel", [
  ".cfi_startproc",
  "mov x9, x0",
  ".L2:",
  "// turnwise-model dot outer 3",
  "ldr q0, [x1], 16",
  ".L3:",
  "// turnwise-model dot inner 3",
  "sdot v1.4s, v0.16b, v2.4b[0]",
  "subs w3, w3, 1",
  "bne .L3",
  "fmla v4.4s, v1.4s, v5.4s",
  "cmp x1, x4",
  "b.ne .L2",
  "ret",
]);

describe("findMarkedLoops", () => {
  it("gives a loop and the loop inside it, without labels, directives and branches", () => {
    expect(findMarkedLoops(NESTED)).toEqual([
      {
        symbol: "kernel",
        kernel: "dot",
        width: 3,
        body: [
          instruction("ldr q0, [x1], 16"),
          { where: "inner", body: ["sdot v1.4s, v0.16b, v2.4b[0]", "subs w3, w3, 1"].map(instruction) },
          ...["fmla v4.4s, v1.4s, v5.4s", "cmp x1, x4"].map(instruction),
        ],
      },
    ]);
  });

  it("refuses a loop inside that has no mark, of which nobody knows how often it runs", () => {
    expect(() => findMarkedLoops(NESTED.replace("\t// turnwise-model dot inner 3\n", ""))).toThrow(
      "kernel: the loop dot of width 3 has one inside without a mark: .L3:",
    );
  });

  it("takes an inner loop that the compiler unrolled for a part of the body", () => {
    const text = functionText("unrolled", [
      ".L5:",
      "// turnwise-model panel outer 3",
      "smmla v0.4s, v1.16b, v2.16b",
      "// turnwise-model panel inner 3",
      "smmla v3.4s, v4.16b, v5.16b",
      "cbnz x2, .L5",
    ]);
    expect(findMarkedLoops(text)).toMatchObject([
      { body: ["smmla v0.4s, v1.16b, v2.16b", "smmla v3.4s, v4.16b, v5.16b"].map(instruction) },
    ]);
  });

  it("gives loops inside loops inside a loop, and two beside each other", () => {
    const text = functionText("three", [
      ".L1:",
      "// turnwise-model dot outer 1",
      ".L2:",
      "// turnwise-model dot middle 1",
      ".L3:",
      "// turnwise-model dot inner 1",
      "sdot v1.4s, v0.16b, v2.4b[0]",
      "bne .L3",
      ".L4:",
      "// turnwise-model dot inner 1",
      "sdot v3.4s, v0.16b, v2.4b[0]",
      "bne .L4",
      "fmla v4.4s, v1.4s, v5.4s",
      "bne .L2",
      "fmla v6.4s, v4.4s, v7.4s",
      "bne .L1",
    ]);
    const [{ body }] = findMarkedLoops(text);
    expect(straightLine(body, { middle: 1, inner: 2 }).map(nameOf)).toEqual([
      "sdot",
      "sdot",
      "sdot",
      "sdot",
      "fmla",
      "fmla",
    ]);
    expect(straightLine(body, { middle: 2, inner: 0 }).map(nameOf)).toEqual(["fmla", "fmla", "fmla"]);
  });

  it("names each loop after its function, and leaves out loops without a mark and marks without a loop", () => {
    const plain = functionText("plain", [".L7:", "add x0, x0, 1", "b.lt .L7", "ret"]);
    const straight = functionText("straight", ["// turnwise-model dot outer 1", "ret"]);
    expect(findMarkedLoops([plain, NESTED, straight].join("\n")).map(({ symbol }) => symbol)).toEqual(["kernel"]);
  });

  it("finds a loop around a block that leaves it for an earlier place", () => {
    const text = functionText("leaves", [
      ".L1:",
      "mov x9, x0",
      ".L2:",
      "// turnwise-model unpack outer 16",
      "ldr q0, [x1]",
      ".L3:",
      "// turnwise-model unpack inner 16",
      "tbl v1.16b, {v0.16b}, v2.16b",
      "cbz x3, .L4",
      "b .L5",
      ".L6:",
      "cbnz x4, .L1",
      ".L5:",
      "str q1, [x2], 16",
      "b.ne .L3",
      ".L4:",
      "add x1, x1, 16",
      "b.lt .L2",
      "b .L6",
    ]);
    expect(findMarkedLoops(text)).toMatchObject([
      {
        body: [
          instruction("ldr q0, [x1]"),
          { where: "inner", body: ["tbl v1.16b, {v0.16b}, v2.16b", "str q1, [x2], 16"].map(instruction) },
          instruction("add x1, x1, 16"),
        ],
      },
    ]);
  });

  it("does not take a jump forward, or a call, for the end of a loop", () => {
    const text = functionText("jumps", [
      ".L8:",
      "// turnwise-model values outer 4",
      "tbz x5, #0, .L9",
      "add v0.4s, v0.4s, v1.4s",
      ".L9:",
      "bl other",
      "tbnz x6, #3, .L8",
    ]);
    expect(findMarkedLoops(text)).toMatchObject([{ body: ["add v0.4s, v0.4s, v1.4s", "bl other"].map(instruction) }]);
  });

  it("writes negative bytes as LLVM reads them", () => {
    const text = functionText("bytes", [
      ".L1:",
      "// turnwise-model dot outer 1",
      "movi v0.16b, 0xfffffffffffffff0",
      "bne .L1",
    ]);
    expect(findMarkedLoops(text)).toMatchObject([{ body: [instruction("movi v0.16b, 0xf0")] }]);
  });
});

describe("straightLine", () => {
  it("repeats the loops inside in their places", () => {
    const body = ["a", { where: "middle", body: ["m", { where: "inner", body: ["i"] }] }, "b"];
    expect(straightLine(body, { middle: 2, inner: 3 }).join("")).toBe("amiiimiiib");
    expect(() => straightLine(body, { inner: 3 })).toThrow("nobody says how often a loop marked middle runs");
  });
});
