import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseModel, groupModels } from "./model-files.ts";

const files = (...paths: string[]) => paths.map((path, index) => ({ path, bytes: (index + 1) * 1024 }));

describe("the quantisation in a name", () => {
  test.each([
    ["Llama-3.2-1B-Instruct-Q4_K_M.gguf", "Q4_K_M"],
    ["qwen2.5-0.5b-instruct-q4_k_m.gguf", "Q4_K_M"],
    ["tinyllama-1.1b-chat-v1.0.Q4_0.gguf", "Q4_0"],
    ["Llama-3.2-1B-Instruct-Q4_0_4_4.gguf", "Q4_0_4_4"],
    ["Model-UD-IQ2_XXS.gguf", "UD-IQ2_XXS"],
    ["Model-IQ4_XS.gguf", "IQ4_XS"],
    ["BF16/Model-BF16-00001-of-00002.gguf", "BF16"],
    ["smollm2-135m-instruct-f16.gguf", "F16"],
    ["model.f32.gguf", "F32"],
    ["gpt-oss-20b-MXFP4.gguf", "MXFP4"],
    ["Model-TQ1_0.gguf", "TQ1_0"],
    ["Q8_0.gguf", "Q8_0"],
    ["stories260K.gguf", "stories260K"],
    ["granite-4.0-h.gguf", "granite-4.0-h"],
  ])("%s", (path, quant) => {
    expect(groupModels(files(path))[0]?.quant).toBe(quant);
  });
});

test("parts are one model, in order; what is no model is left out", () => {
  const models = groupModels(
    files(
      "README.md",
      "mmproj-model-f16.gguf",
      "imatrix.gguf",
      "big-Q8_0-00002-of-00003.gguf",
      "big-Q8_0-00001-of-00003.gguf",
      "small-Q4_0.gguf",
      "big-Q8_0-00003-of-00003.gguf",
    ),
  );
  expect(models.map(({ quant, parts, bytes }) => [quant, parts, bytes])).toEqual([
    ["Q4_0", 1, 6144],
    ["Q8_0", 3, 4096 + 5120 + 7168],
  ]);
  expect(models[1]?.files.map(({ path }) => path.slice(9, 14))).toEqual(["00001", "00002", "00003"]);
});

describe("chooseModel", () => {
  const offer = groupModels(files("m-Q4_0.gguf", "m-Q4_K_M.gguf", "m-Q8_0.gguf"));
  test.each([
    [null, "Q4_K_M"],
    ["q8_0", "Q8_0"],
    ["m-Q4_0", "Q4_0"],
    ["M-Q4_0.GGUF", "Q4_0"],
  ])("%s takes %s", (wanted, quant) => {
    expect(chooseModel("org/m", offer, wanted).quant).toBe(quant);
  });

  test("Q4_0 where there is no Q4_K_M", () => {
    expect(chooseModel("org/m", groupModels(files("m-Q4_0.gguf", "m-Q8_0.gguf")), null).quant).toBe("Q4_0");
  });

  test.each([
    [["m-Q8_0.gguf"], null, "org/m has no Q4_K_M or Q4_0. It has: Q8_0 (1.00 KiB)."],
    [["m.safetensors"], null, "org/m has no Q4_K_M or Q4_0. It has: no GGUF file."],
    [["m-Q8_0-00001-of-00002.gguf"], "Q8_0", "It has: Q8_0 (1.00 KiB, 1 of 2 parts missing)."],
    [["a-Q8_0.gguf", "b-Q8_0.gguf"], "Q8_0", "no single Q8_0. It has: a-Q8_0 (1.00 KiB), b-Q8_0 (2.00 KiB)."],
  ])("%j, %s: %s", (paths, wanted, message) => {
    expect(() => chooseModel("org/m", groupModels(files(...paths)), wanted)).toThrow(message);
  });
});

test("any names at all make groups that hold each GGUF file at most once", () => {
  const path = fc.oneof(fc.string(), fc.stringMatching(/^[aQ_.\-/0-9]{0,12}(-0000[0-3]-of-0000[0-3])?\.gguf$/));
  fc.assert(
    fc.property(fc.uniqueArray(path), (paths) => {
      const models = groupModels(files(...paths));
      const grouped = models.flatMap((model) => model.files.map((file) => file.path));
      expect(new Set(grouped).size).toBe(grouped.length);
      for (const model of models) expect(model.whole).toBe(model.files.length === model.parts);
    }),
  );
});
