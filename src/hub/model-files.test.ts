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
  expect(models.map(({ quant, files: { length }, bytes }) => [quant, length, bytes])).toEqual([
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
    [["m.bin"], null, "org/m has no Q4_K_M or Q4_0. It has: no GGUF file and no safetensors."],
    [["m.safetensors"], null, "org/m has no safetensors. It has: safetensors (1.00 KiB, no config.json)."],
    [
      ["m.safetensors", "m-Q8_0.gguf"],
      null,
      "has no Q4_K_M or Q4_0. It has: safetensors (1.00 KiB, no config.json), Q8_0",
    ],
    [["m-Q8_0-00001-of-00002.gguf"], "Q8_0", "It has: Q8_0 (1.00 KiB, 1 of 2 parts missing)."],
    [["a-Q8_0.gguf", "b-Q8_0.gguf"], "Q8_0", "no single Q8_0. It has: a-Q8_0 (1.00 KiB), b-Q8_0 (2.00 KiB)."],
  ])("%j, %s: %s", (paths, wanted, message) => {
    expect(() => chooseModel("org/m", groupModels(files(...paths)), wanted)).toThrow(message);
  });
});

test("any names at all make groups that hold each file at most once, and the small ones first", () => {
  const path = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[aQ_.\-/0-9]{0,12}(-0000[0-3]-of-0000[0-3])?\.(gguf|safetensors)$/),
    fc.constantFrom("config.json", "tokenizer.json", "model.safetensors.index.json", "a/config.json"),
  );
  fc.assert(
    fc.property(fc.uniqueArray(path), (paths) => {
      const models = groupModels(files(...paths));
      const grouped = models.flatMap((model) => model.files.map((file) => file.path));
      expect(new Set(grouped).size).toBe(grouped.length);
      for (const { form, files: own } of models.filter(({ lacks }) => lacks === null)) {
        expect(own.length).toBeGreaterThan(form === "gguf" ? 0 : 2);
        expect(own.at(-1)?.path).toMatch(form === "gguf" ? /\.gguf$/ : /\.safetensors$/);
      }
    }),
  );
});

function checkpointIn(...paths: string[]) {
  const model = groupModels(files(...paths)).find(({ form }) => form === "checkpoint");
  return model === undefined ? null : { paths: model.files.map(({ path }) => path), lacks: model.lacks };
}

describe("a checkpoint", () => {
  const SMALL = ["tokenizer.json", "config.json", "chat_template.jinja"];
  const SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const INDEX = "model.safetensors.index.json";
  test("is its weights with what is read beside them, configuration first, and nothing else of the repository", () => {
    const others = [
      "README.md",
      "pytorch_model.bin",
      "consolidated.safetensors",
      "adapter_model.safetensors",
      "original/config.json",
      "onnx/model.safetensors",
      "original/consolidated.00.pth",
    ];
    expect(checkpointIn("model.safetensors", ...SMALL, ...others)).toEqual({
      paths: ["config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"],
      lacks: null,
    });
    expect(checkpointIn(...SHARDS.toReversed(), "model.safetensors", INDEX, ...SMALL, ...others)).toEqual({
      paths: ["config.json", INDEX, "tokenizer.json", "chat_template.jinja", ...SHARDS],
      lacks: null,
    });
    expect(checkpointIn("gptq_model-4bit-128g.safetensors", ...SMALL)).toMatchObject({ lacks: null });
  });

  test.each([
    [["model.safetensors", "config.json"], "no tokenizer.json"],
    [["model.safetensors", "tokenizer.json"], "no config.json"],
    [[...SHARDS, ...SMALL], `no ${INDEX}`],
    [[SHARDS[0] ?? "", ...SMALL], `no ${INDEX}`],
    [[SHARDS[0] ?? "", INDEX, ...SMALL], "1 of 2 shards missing"],
    [["a.safetensors", "b.safetensors", ...SMALL], `no ${INDEX}`],
  ])("of %j lacks something: %s", (paths, lacks) => {
    expect(checkpointIn(...paths)).toMatchObject({ lacks });
  });

  test("is none without weights", () => {
    expect(checkpointIn(...SMALL, INDEX, "pytorch_model.bin", "m-Q4_0.gguf")).toBeNull();
  });

  test.each([
    [["m-Q4_0.gguf"], null, "Q4_0"],
    [[], null, "safetensors"],
    [["m-Q4_0.gguf"], "Safetensors", "safetensors"],
  ])("beside %j is taken for %s: %s", (ggufs, wanted, quant) => {
    const offer = groupModels(files("model.safetensors", ...SMALL, ...ggufs));
    expect(chooseModel("org/m", offer, wanted).quant).toBe(quant);
  });
});
