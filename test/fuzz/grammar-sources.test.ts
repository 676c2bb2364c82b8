/** 50,000 sources of grammars that nobody should write; `SEED=n` repeats a run. */

import { expect, it } from "vitest";
import { fuzzGrammars } from "../support/grammar-fuzz.ts";

it("ends any source in a grammar or in a typed refusal, in bounded time", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  const { failures, compiled, refused, slowestMs, slowest } = fuzzGrammars(seed, 50_000);
  console.log(`seed ${seed}: ${compiled} compiled, ${refused} refused, the slowest took ${slowestMs.toFixed(0)} ms`);
  expect(failures).toEqual([]);
  expect(slowestMs, slowest).toBeLessThan(3000);
});
