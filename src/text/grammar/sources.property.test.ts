/** What a source is, it compiles or is refused with a reason, and soon. `npm run fuzz` runs many more. */

import { expect, it } from "vitest";
import { fuzzGrammars } from "../../../test/support/grammar-fuzz.ts";

it("ends any source in a grammar or in a typed refusal, in bounded time", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const { failures, compiled, refused, slowestMs, slowest } = fuzzGrammars(seed, 600);
  expect(failures, `seed ${seed}`).toEqual([]);
  expect(compiled).toBeGreaterThan(30);
  expect(refused).toBeGreaterThan(30);
  expect(slowestMs, `seed ${seed}: ${slowest}`).toBeLessThan(3000);
});
