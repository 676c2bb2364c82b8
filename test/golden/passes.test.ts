/**
 * The text of a small model's graph as built, after each pass, and as a program. A change of the
 * compiler shows here as a change of text; run `npx vitest run test/golden -u` to accept it.
 */

import { describe, expect, it } from "vitest";
import { compileModel, DUMP_NAMES } from "../../src/compile/compile-model.ts";
import { randomGraph } from "../support/random-graph.ts";

const OPTIONS = { maxTokens: 64, maxLogitRows: 8, kvType: "int8", pageTokens: 32 } as const;

describe.each(["q4_0", "f32"] as const)("%s weights", (quant) => {
  const { graph, bound } = randomGraph("tiny-biased", quant);
  const compiled = compileModel(graph, bound, OPTIONS);

  it.each(DUMP_NAMES.map((name, index) => ({ name, index })))("$name", async ({ name, index }) => {
    await expect(compiled.dump(name)).toMatchFileSnapshot(`passes/${quant}-${index}-${name}.txt`);
  });
});

it("names the dumps that there are", () => {
  const { graph, bound } = randomGraph("tiny-biased", "f32");
  expect(() => compileModel(graph, bound, OPTIONS).dump("fold")).toThrow(
    `There is no pass named fold. Passes: ${DUMP_NAMES.join(", ")}.`,
  );
});
