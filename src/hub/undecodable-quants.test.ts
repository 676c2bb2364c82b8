import { expect, test } from "vitest";
import { TurnwiseError } from "../base/errors.ts";
import { groupModels } from "./model-files.ts";
import { isUndecodable, requireDecodable } from "./undecodable-quants.ts";

test.each(["IQ2_XXS", "UD-IQ2_XXS", "iq3_m", "IQ1_S", "TQ1_0", "MXFP4", "MXFP4_MOE", "NVFP4", "Q4_0_4_4", "Q1_0"])(
  "%s is known not to run",
  (quant) => {
    expect(isUndecodable(quant)).toBe(true);
  },
);

test.each(["Q4_0", "Q4_K_M", "UD-Q4_K_XL", "Q8_0", "Q2_K", "Q3_K_L", "IQ4_XS", "IQ4_NL", "BF16", "F32", "stories260K"])(
  "%s may",
  (quant) => {
    expect(isUndecodable(quant)).toBe(false);
  },
);

/** What `requireDecodable` says of the first of these files. */
function refusal(...paths: string[]): string | null {
  const models = groupModels(paths.map((path, index) => ({ path, bytes: index + 1 })));
  try {
    for (const model of models.slice(0, 1)) requireDecodable("org/m", model, models);
    return null;
  } catch (error) {
    return error instanceof TurnwiseError ? error.message : String(error);
  }
}

test("the refusal names what runs", () => {
  expect(refusal("m-IQ2_XXS.gguf", "m-Q4_0.gguf", "m-TQ1_0.gguf")).toBe(
    "This model needs weights of IQ2_XXS, which Turnwise does not run yet. org/m also has: Q4_0 (2 B).",
  );
  expect(refusal("m-MXFP4.gguf")).toMatch(/Use a file of F32, /);
  expect(refusal("m-Q4_0.gguf")).toBeNull();
});
