import { describe, expect, it } from "vitest";

import { chooseIsa } from "./isa.ts";

const LEVELS = ["scalar", "avx2", "avx-vnni", "avx512-vnni"];

describe("chooseIsa", () => {
  it("takes the best level unless one is asked for", () => {
    expect(chooseIsa(LEVELS, undefined, {})).toBe("avx512-vnni");
    expect(chooseIsa(LEVELS, undefined, { TURNWISE_ISA: "" })).toBe("avx512-vnni");
    expect(chooseIsa(LEVELS, undefined, { TURNWISE_ISA: "avx2" })).toBe("avx2");
    expect(chooseIsa(LEVELS, undefined, { TURNWISE_ISA: "avx-vnni" })).toBe("avx-vnni");
    expect(chooseIsa(LEVELS, "scalar", { TURNWISE_ISA: "avx2" })).toBe("scalar");
  });

  it("refuses a level that is not here, naming those that are", () => {
    expect(() => chooseIsa(LEVELS, undefined, { TURNWISE_ISA: "neon" })).toThrow(
      "TURNWISE_ISA=neon is not available here. This machine has: scalar, avx2, avx-vnni, avx512-vnni.",
    );
  });
});
