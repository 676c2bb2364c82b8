/** What a person sees who has no model: the built-in one calls two tools and says what they gave. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, runCli } from "./support/run-cli.ts";

interface Turn {
  readonly steps: readonly {
    readonly text: string | null;
    readonly calls: readonly {
      readonly name: string;
      readonly arguments: string;
      readonly result: string;
      readonly failed: boolean;
    }[];
    readonly tokens: { readonly cached: number; readonly prefilled: number; readonly generated: number };
    readonly ms: { readonly prefill: number; readonly decode: number };
  }[];
  readonly answer: string;
  readonly problem: string | null;
}

test("start plays a turn of two real tools whose results are in the answer", async () => {
  const { code, stdout, stderr } = await runCli(["start", "--port", "0", "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const turn = JSON.parse(stdout) as Turn;
  expect(turn.problem).toBe(null);
  const calls = turn.steps.flatMap((step) => step.calls);
  expect(calls.map(({ name, failed }) => ({ name, failed }))).toEqual([
    { name: "calculator", failed: false },
    { name: "read_file", failed: false },
  ]);
  const [firstLine] = readFileSync(join(ROOT, "docs", "sessions.md"), "utf8").split("\n");
  expect(turn.answer).toContain("99");
  expect(turn.answer).toContain(firstLine);
  // The second reply goes on from the first one's cache.
  expect(turn.steps.at(-1)?.tokens.cached).toBeGreaterThan(turn.steps[0]?.tokens.prefilled ?? Infinity);
});

test("start shows the turn in 80 columns", async () => {
  const { code, stdout } = await runCli(["start", "--port", "0"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/assistant {2}calculator\(\{.*"\(19 \+ 3\) \* 4\.5"\}\)\n/);
  expect(stdout).toMatch(/tool {7}\{"result":99\}\n/);
  expect(stdout).toMatch(/\[\d+ cached, \d+ prefilled in [\d.]+ ms \([\d,]+\/s\), \d+ generated in /);
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
});
