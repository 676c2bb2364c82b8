import { describe, expect, it } from "vitest";
import { smallTransformer } from "../../test/support/small-transformer.ts";
import { graphCost } from "./graph-cost.ts";
import { stepCosts } from "./step-costs.ts";

describe("stepCosts", () => {
  it("adds up to the graph's cost at any sizes", () => {
    const { graph } = smallTransformer("Q8_0", "int8");
    const storage = { weightBytes: () => 1000, kvPositionBytes: 64 };
    const costs = stepCosts((sizes) => graphCost(graph, sizes, storage));
    for (const sizes of [
      { tokens: 1, logitRows: 1, attendedPositions: 1 },
      { tokens: 37, logitRows: 5, attendedPositions: 4711 },
    ]) {
      const expected = graphCost(graph, sizes, storage);
      const sum = (name: "flops" | "bytes"): number =>
        costs.perStep[name] +
        sizes.tokens * costs.perToken[name] +
        sizes.logitRows * costs.perLogitRow[name] +
        sizes.attendedPositions * costs.perAttendedPosition[name];
      expect(sum("flops")).toBeCloseTo(expected.flops, 3);
      expect(sum("bytes")).toBeCloseTo(expected.bytes, 3);
    }
  });
});
