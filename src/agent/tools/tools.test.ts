import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { evaluateArithmetic } from "./arithmetic.ts";
import { calculator } from "./calculator.ts";
import { readFileTool } from "./read-file.ts";

const { signal } = new AbortController();

describe("arithmetic", () => {
  it.each([
    ["2 + 3 * 4", 14],
    ["(2 + 3) * 4", 20],
    ["2 ^ 3 ^ 2", 512],
    ["-2 ^ 2", -4],
    ["10 - 4 - 3", 3],
    ["7 % 4 * 2", 6],
    ["1,234.5 ÷ 2", 617.25],
    ["3 × −2", -6],
    ["sqrt(16) + abs(-3)", 7],
    ["1e3 + .5", 1000.5],
    ["2**10", 1024],
  ])("%s is %d", (text, value) => {
    expect(evaluateArithmetic(text)).toEqual({ value });
  });

  it.each([
    ["", /ends too early/],
    ["2 +", /ends too early/],
    ["2 3", /"3" is not expected/],
    ["(1", /not closed/],
    ["1 / 0", /divides by zero/],
    ["constructor(1)", /"constructor" is no number/],
    ["sqrt 4", /needs parentheses/],
    ["sqrt(-1)", /no finite number/],
    ["(".repeat(500), /nests deeper/],
    ["1".repeat(2000), /longer than/],
  ])("%s is refused", (text, problem) => {
    expect(evaluateArithmetic(text)).toEqual({ problem: expect.stringMatching(problem) as string });
  });

  it("agrees with JavaScript on sums and products of integers", () => {
    const operators = { "+": (a: number, b: number) => a + b, "-": (a: number, b: number) => a - b } as const;
    const leaf = fc.integer({ min: 0, max: 999 }).map((value) => ({ text: String(value), value }));
    const expression = fc.letrec<{ node: { text: string; value: number } }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.tuple(tie("node"), fc.constantFrom("+" as const, "-" as const), tie("node")).map(([a, sign, b]) => ({
          text: `(${a.text} ${sign} ${b.text})`,
          value: operators[sign](a.value, b.value),
        })),
        fc.tuple(leaf, tie("node")).map(([a, b]) => ({ text: `${a.text} * ${b.text}`, value: a.value * b.value })),
      ),
    })).node;
    fc.assert(
      fc.property(expression, ({ text, value }) => {
        expect(evaluateArithmetic(text)).toEqual({ value });
      }),
    );
  });

  it("ends on any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Object.keys(evaluateArithmetic(text))).toHaveLength(1);
      }),
    );
  });
});

describe("calculator", () => {
  it("answers, and says what is wrong", async () => {
    expect(await calculator.run({ expression: "0.1 + 0.2" }, signal)).toEqual({ result: 0.3 });
    expect(await calculator.run({ expression: "2 +" }, signal)).toEqual({ error: "2 +: it ends too early" });
    expect(await calculator.run({ formula: "1" }, signal)).toMatchObject({
      error: expect.stringContaining("expression") as string,
    });
  });
});

describe("read_file", () => {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-read-file-"));
  const outside = mkdtempSync(join(tmpdir(), "turnwise-outside-"));
  afterAll(() => [folder, outside].forEach((path) => rmSync(path, { recursive: true })));
  mkdirSync(join(folder, "docs"));
  writeFileSync(join(folder, "docs", "a.txt"), "Hello");
  writeFileSync(join(folder, "big.txt"), "x".repeat(100_000));
  writeFileSync(join(folder, "lines.txt"), "one\ntwo\nthree\n");
  writeFileSync(join(folder, "binary"), Uint8Array.of(1, 0, 2));
  writeFileSync(join(outside, "secret.txt"), "secret");
  symlinkSync(join(outside, "secret.txt"), join(folder, "link.txt"));
  const read = (path: string, lines?: number): Promise<unknown> => readFileTool(folder).run({ path, lines }, signal);

  it("reads text, the beginning of a large file", async () => {
    expect(await read("docs/a.txt")).toEqual({ content: "Hello" });
    expect(await read("big.txt")).toMatchObject({ truncated: true, content: "x".repeat(16 * 1024) });
    expect(await read("lines.txt", 2)).toEqual({ content: "one\ntwo" });
    expect(await read("lines.txt", 9)).toEqual({ content: "one\ntwo\nthree\n" });
    for (const lines of [0, -1, 1.5]) expect(await read("lines.txt", lines)).toHaveProperty("error");
  });

  it.each([
    ["missing.txt", /no such file/],
    ["docs", /it is no file/],
    ["binary", /no text file/],
    ["../outside.txt", /no such file|outside/],
    [join(outside, "secret.txt"), /outside of the working folder/],
    ["link.txt", /outside of the working folder/],
    [".", /outside of the working folder/],
    ["a\0b", /./],
  ])("refuses %s", async (path, problem) => {
    const result = await read(path).catch((error: unknown) => ({ error: String(error) }));
    expect(result).toEqual({ error: expect.stringMatching(problem) as string });
  });
});
