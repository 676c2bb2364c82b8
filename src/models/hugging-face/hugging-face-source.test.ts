import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkpointVariant } from "../../../test/support/checkpoints/checkpoint-variants.ts";
import {
  goldenConfig,
  goldenTensors,
  temporaryFolder,
  writeDirectory,
} from "../../../test/support/checkpoints/write-directory.ts";
import { readForwardGolden } from "../../../test/support/forward-golden.ts";
import { byteBpe, byteLevel } from "../../../test/support/tokenizer-json.ts";
import { openFileSource } from "../../formats/file-source.ts";
import type { SafetensorsContents } from "../../formats/safetensors/write.ts";
import { decodeWeightValues } from "../../formats/stored-weight.ts";
import { bindWeights } from "../bind-weights.ts";
import { buildGraph } from "../families.ts";
import type { ModelSource } from "../model-source.ts";
import { openModel } from "../open-model.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());
let written = 0;

const GOLDEN = readForwardGolden("qwen3");
const CONFIG = goldenConfig(GOLDEN);
type Config = Readonly<Record<string, unknown>>;
type Tensors = readonly SafetensorsContents[];

function directory(config: Config, tensors: Tensors = goldenTensors(GOLDEN)): string {
  written += 1;
  const path = join(folder.path, String(written));
  mkdirSync(path);
  writeDirectory(path, config, tensors);
  return path;
}

/** As a load does: opens, reads the spec, binds. */
function load(path: string): ModelSource {
  const source = openModel(path, openFileSource);
  bindWeights(buildGraph(source.spec()), source);
  return source;
}

/** The golden quantised by the first variant of that name, with one tensor changed. */
function quantized(variantName: string, tensor: string, change: Partial<SafetensorsContents> | null): string {
  const variant = checkpointVariant(variantName);
  const tensors = goldenTensors(GOLDEN, variant).flatMap((contents) =>
    contents.name !== tensor ? [contents] : change === null ? [] : [{ ...contents, ...change }],
  );
  return directory({ ...CONFIG, quantization_config: variant.config }, tensors);
}

/** The golden with one tensor changed. */
function changed(name: string, change: Partial<SafetensorsContents>): Tensors {
  return goldenTensors(GOLDEN).map((contents) => (contents.name === name ? { ...contents, ...change } : contents));
}

const Q = "model.layers.1.self_attn.q_proj";
const ACT_ORDER = "GPTQ 4 bits, group 32, zero points, act-order";

/** The group of each of Q's 64 columns. */
const gIdx = (groupOf: (column: number) => number): Partial<SafetensorsContents> => ({
  data: new Uint8Array(Int32Array.from({ length: 64 }, (_, column) => groupOf(column)).buffer),
});

function valuesOfQ(path: string): Float32Array | null {
  const weight = load(path).weight("blk.1.attn_q.weight");
  return weight === null ? null : decodeWeightValues(weight);
}

const inputScales = (module: string): Tensors => [
  { name: `${module}.input_scale`, dtype: "F32", shape: [1], data: new Uint8Array(4) },
  { name: `${module}.input_zero_point`, dtype: "I8", shape: [1], data: new Uint8Array(1) },
];

describe("a Hugging Face directory", () => {
  it("says what the model is", () => {
    const source = load(directory(CONFIG));
    expect(source.spec()).toMatchObject({
      architecture: "qwen3",
      layers: 2,
      headDim: 32,
      ropePairing: "halves",
      headNorm: true,
      tiedHead: false,
      qkvBias: false,
      rope: { theta: 1e6, scaling: { kind: "none" } },
    });
    expect(source.weight("blk.1.attn_q.weight")?.shape).toEqual([128, 64]);
    expect(source.tensorName("blk.1.attn_q.weight")).toBe(`${Q}.weight`);
    expect(source.parameters).toBe(
      goldenTensors(GOLDEN).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0),
    );
  });

  it("takes the head for the embedding of a tied model that has only the head", () => {
    const tensors = goldenTensors(GOLDEN).flatMap((contents) => {
      if (contents.name === "lm_head.weight") return [];
      return [contents.name === "model.embed_tokens.weight" ? { ...contents, name: "lm_head.weight" } : contents];
    });
    const source = load(directory({ ...CONFIG, tie_word_embeddings: true }, tensors));
    expect(source.spec().tiedHead).toBe(true);
  });

  it("leaves out biases of zeros and buffers", () => {
    const extra: Tensors = [
      { name: "model.layers.0.mlp.down_proj.bias", dtype: "F16", shape: [64], data: new Uint8Array(128) },
      { name: "model.layers.0.self_attn.rotary_emb.inv_freq", dtype: "F32", shape: [1], data: new Uint8Array(4) },
    ];
    expect(load(directory(CONFIG, [...goldenTensors(GOLDEN), ...extra])).spec().qkvBias).toBe(false);
  });

  it("joins shards, and names one that is missing with a tensor of it", () => {
    const path = directory(CONFIG);
    const index = { weight_map: { "model.norm.weight": "model.safetensors", "lm_head.weight": "model-2.safetensors" } };
    writeFileSync(join(path, "model.safetensors.index.json"), JSON.stringify(index));
    expect(() => load(path)).toThrow(/model-2\.safetensors, which holds the tensor lm_head\.weight.*no such file/);
  });

  it.each<[string, Config, string, RegExp]>([
    [
      "another architecture",
      { model_type: "mamba" },
      "architecture_unsupported",
      /mamba.*llama, mistral, qwen2, qwen3/,
    ],
    ["a word that all objects know", { model_type: "constructor" }, "architecture_unsupported", /constructor.*llama/],
    ["a window", { use_sliding_window: true }, "model_feature_unsupported", /sliding-window attention \(32 tokens\)/],
    ["layers with a window", { layer_types: ["sliding_attention"] }, "model_feature_unsupported", /sliding-window/],
    ["another activation", { hidden_act: "gelu" }, "model_feature_unsupported", /activation gelu/],
    [
      "yarn",
      { rope_scaling: { rope_type: "yarn", factor: 4 } },
      "model_feature_unsupported",
      /RoPE scaling of type yarn/,
    ],
    ["a missing size", { hidden_size: null }, "metadata_missing", /config\.json: hidden_size/],
    ["a size that is none", { num_hidden_layers: -1 }, "metadata_invalid", /num_hidden_layers: it is -1, not a size/],
    [
      "FP8",
      { quantization_config: { quant_method: "fp8" } },
      "model_feature_unsupported",
      /by fp8.*GPTQ.*AWQ.*compressed/,
    ],
    [
      "GPTQ of 3 bits",
      { quantization_config: { quant_method: "gptq", bits: 3, group_size: 128 } },
      "model_feature_unsupported",
      /GPTQ of 3 bits/,
    ],
    [
      "GPTQ of several widths",
      {
        quantization_config: {
          quant_method: "gptq",
          bits: 4,
          group_size: 128,
          dynamic: { "-:.*gate.*": {}, "+:.*down.*": { bits: 4 }, ".*up.*": { bits: 8 } },
        },
      },
      "model_feature_unsupported",
      /GPTQ of several widths: bits 8 by "dynamic" for \.\*up\.\*, 4 for the rest/,
    ],
    [
      "GPTQ of several groups",
      {
        quantization_config: {
          quant_method: "gptq",
          bits: 4,
          group_size: -1,
          dynamic: { "+:.*down.*": { group_size: 32 } },
        },
      },
      "model_feature_unsupported",
      /group_size 32 by "dynamic" for \+:\.\*down\.\*, -1 for the rest/,
    ],
    [
      "another layout of AWQ",
      { quantization_config: { quant_method: "awq", bits: 4, version: "gemv" } },
      "model_feature_unsupported",
      /gemv layout/,
    ],
  ])("refuses %s", (_, change, code, message) => {
    expect(() => load(directory({ ...CONFIG, ...change }))).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }) as Error,
    );
  });

  it.each<[string, string, Partial<SafetensorsContents> | null, RegExp]>([
    [
      "GPTQ 4 bits, group 32",
      `${Q}.scales`,
      null,
      /Tensor model\.layers\.1\.self_attn\.q_proj\.scales is missing; expected shape \[2, 128\]/,
    ],
    ["GPTQ 4 bits, group 32", `${Q}.qweight`, { dtype: "F32" }, /q_proj\.qweight has dtype F32\. Accepted: I32/],
    [
      "GPTQ 4 bits, group 32",
      `${Q}.scales`,
      { dtype: "I16" },
      /q_proj\.scales has dtype I16\. Accepted: F16, BF16, F32/,
    ],
    [
      "GPTQ 4 bits, group 32",
      `${Q}.qzeros`,
      { shape: [4, 8] },
      /q_proj\.qzeros has shape \[4, 8\]\. Accepted: shape \[2, 16\]/,
    ],
    [
      ACT_ORDER,
      `${Q}.g_idx`,
      gIdx((column) => (column === 5 ? 7 : column >> 5)),
      /q_proj\.g_idx has group 7 for column 5\. Accepted: 0 to 1, of the 2 groups that have scales/,
    ],
    [
      ACT_ORDER,
      `${Q}.g_idx`,
      gIdx((column) => (column === 6 ? -1 : column >> 5)),
      /q_proj\.g_idx has group -1 for column 6\. Accepted: 0 to 1/,
    ],
    [
      ACT_ORDER,
      `${Q}.g_idx`,
      gIdx((column) => (column < 31 ? 0 : 1)),
      /q_proj\.qweight has groups of 31, 33 columns, no multiples of 32.*Accepted: groups of multiples of 32/,
    ],
    [
      ACT_ORDER,
      `${Q}.g_idx`,
      gIdx(() => 0),
      /q_proj\.g_idx has no column in group 1\. Accepted: columns for each group from 0 to 1/,
    ],
    [
      "GPTQ 4 bits, group 32",
      `${Q}.g_idx`,
      gIdx((column) => (column < 31 ? 0 : 1)),
      /q_proj\.g_idx has group 1 for column 31, and desc_act is false.*Accepted: column \/ 32, or desc_act true/,
    ],
    [ACT_ORDER, `${Q}.g_idx`, null, /q_proj\.g_idx is missing.* \[64\]/],
    ["AWQ, group 32", `${Q}.qzeros`, null, /q_proj\.qzeros is missing/],
    [
      "compressed-tensors pack-quantized 4 bits, group 32",
      `${Q}.weight_shape`,
      { data: new Uint8Array(BigInt64Array.of(128n, 68n).buffer) },
      /weight_shape says \[128, 68\]\. Accepted: \[128, 64\]/,
    ],
    [
      "compressed-tensors int-quantized",
      `${Q}.weight`,
      { dtype: "F8_E4M3" },
      /q_proj\.weight has dtype F8_E4M3\. Accepted: I8/,
    ],
  ])("refuses %s with another %s", (variant, tensor, change, message) => {
    expect(() => load(quantized(variant, tensor, change))).toThrow(message);
  });

  it("reads quantize_config.json, where older GPTQ checkpoints say how they are quantised", () => {
    const path = directory(CONFIG, goldenTensors(GOLDEN, checkpointVariant("GPTQ 4 bits, group 32")));
    expect(() => load(path)).toThrow(/q_proj\.qweight is quantised\. Accepted: a quantization_config of GPTQ/);
    writeFileSync(join(path, "quantize_config.json"), JSON.stringify({ bits: 4, group_size: 32, desc_act: false }));
    expect(load(path).weight("blk.1.attn_q.weight")?.encoding).toEqual({ kind: "groups", format: "int4_g32_zero" });
    const newer = { ...CONFIG, quantization_config: { quant_method: "gptq", bits: 3 } };
    writeFileSync(join(path, "config.json"), JSON.stringify(newer));
    expect(() => load(path)).toThrow(/GPTQ of 3 bits/);
  });

  it("takes one group for a row without the index of its columns, in any order", () => {
    const variant = checkpointVariant("GPTQ 8 bits, group -1");
    const config = { ...CONFIG, quantization_config: { ...variant.config, desc_act: true } };
    expect(() => load(directory(config, goldenTensors(GOLDEN, variant)))).not.toThrow();
  });

  it("takes an index of zeros for columns in order where there is no act-order", () => {
    const asWritten = valuesOfQ(quantized("GPTQ 4 bits, group 32", "", {}));
    expect(asWritten).toHaveLength(128 * 64);
    for (const index of [gIdx(() => 0), null]) {
      expect(valuesOfQ(quantized("GPTQ 4 bits, group 32", `${Q}.g_idx`, index))).toEqual(asWritten);
    }
  });

  it.each([
    ["leaves out", []],
    ["fills with -1", [{ name: `${Q}.weight_g_idx`, dtype: "I32", shape: [128], data: new Uint8Array(512).fill(255) }]],
  ] as const)("takes columns in order where compressed-tensors %s the index of its act-order", (_, index) => {
    const variant = checkpointVariant("compressed-tensors pack-quantized 4 bits, group 64, act-order");
    const golden = { ...GOLDEN, hidden: 128, ffn: 256, heads: 8 };
    const config = { ...goldenConfig(golden), quantization_config: variant.config };
    const tensors = goldenTensors(golden, variant);
    const orderOf = (all: Tensors) => load(directory(config, all)).weight("blk.1.attn_q.weight")?.columnOrder;
    expect(orderOf(tensors)).toHaveLength(128);
    const unordered = tensors.filter(({ name }) => name !== `${Q}.weight_g_idx`);
    expect(unordered).toHaveLength(tensors.length - 1);
    expect(orderOf([...unordered, ...index])).toBeNull();
  });

  it("names the index of compressed-tensors' act-order where it is wrong", () => {
    const variant = checkpointVariant("compressed-tensors pack-quantized 4 bits, group 64, act-order");
    const golden = { ...GOLDEN, hidden: 128, ffn: 256, heads: 8 };
    const config = { ...goldenConfig(golden), quantization_config: variant.config };
    const data = new Uint8Array(
      Int32Array.from({ length: 128 }, (_, column) => (column === 9 ? 2 : column >> 6)).buffer,
    );
    const tensors = goldenTensors(golden, variant).map((contents) =>
      contents.name === `${Q}.weight_g_idx` ? { ...contents, data } : contents,
    );
    expect(() => load(directory(config, tensors))).toThrow(
      /q_proj\.weight_g_idx has group 2 for column 9\. Accepted: 0 to 1, of the 2 groups that have scales/,
    );
  });

  it("names a tensor that an unknown method has quantised", () => {
    const config = { ...CONFIG, quantization_config: { quant_method: "fp8" } };
    const data = new Uint8Array(128 * 64);
    const tensors = changed(`${Q}.weight`, { dtype: "F8_E4M3", data });
    expect(() => load(directory(config, tensors))).toThrow(
      /needs quantisation by fp8 \(as model\.layers\.1\.self_attn\.q_proj\.weight is, in F8_E4M3\), which.*Accepted: GPTQ/,
    );
  });

  it("leaves out how static W8A8 rounds inputs, and nothing else of that name", () => {
    const variant = checkpointVariant("compressed-tensors int-quantized 8 bits, channel, symmetric");
    const config = { ...CONFIG, quantization_config: variant.config };
    const tensors = goldenTensors(GOLDEN, variant);
    load(directory(config, [...tensors, ...inputScales(Q)]));
    expect(() => load(directory(config, [...tensors, ...inputScales("lm_head")]))).toThrow(
      /needs the tensor lm_head\.input/,
    );
  });

  it("refuses columns that groups do not divide", () => {
    const variant = checkpointVariant("AWQ, group 32");
    const config = { ...CONFIG, quantization_config: { ...variant.config, group_size: 48 } };
    const path = directory(config, goldenTensors(GOLDEN, variant));
    expect(() => load(path)).toThrow(/q_proj\.qweight has 64 columns\. Accepted: multiples of the group size 48/);
  });

  it("refuses plain weights of another dtype, and tensors that no Llama has", () => {
    const asI32 = changed("model.norm.weight", { dtype: "I32" });
    expect(() => load(directory(CONFIG, asI32))).toThrow(/model\.norm\.weight has type I32.*Accepted: F16, BF16, F32/);
    const odd = changed("model.norm.weight", { shape: [1, 64], name: "model.odd" });
    expect(() => load(directory(CONFIG, odd))).toThrow(/model\.norm\.weight is missing; expected shape \[64\]/);
    const extra: Tensors = [{ name: "model.odd", dtype: "F32", shape: [1], data: new Uint8Array(4) }];
    expect(() => load(directory(CONFIG, [...goldenTensors(GOLDEN), ...extra]))).toThrow(/needs the tensor model\.odd/);
  });

  it("refuses a directory without weights, or with several files and no index", () => {
    const path = directory(CONFIG);
    writeFileSync(join(path, "other.safetensors"), "");
    load(path);
    mkdirSync(join(folder.path, "empty"));
    writeFileSync(join(folder.path, "empty", "config.json"), JSON.stringify(CONFIG));
    expect(() => load(join(folder.path, "empty"))).toThrow(/no \.safetensors file; expected model\.safetensors/);
  });

  it("has the template of chat_template.jinja, before that of tokenizer_config.json", () => {
    const path = directory({ ...CONFIG, vocab_size: 512 });
    writeFileSync(join(path, "tokenizer.json"), JSON.stringify(byteBpe({ pre_tokenizer: byteLevel(true) })));
    expect(openModel(path, openFileSource).chatTemplate).toBeNull();
    writeFileSync(join(path, "tokenizer_config.json"), JSON.stringify({ chat_template: "older" }));
    expect(openModel(path, openFileSource).chatTemplate).toBe("older");
    writeFileSync(join(path, "chat_template.jinja"), "{{ messages[0].content }} é");
    expect(openModel(path, openFileSource).chatTemplate).toBe("{{ messages[0].content }} é");
  });

  it("says that a tokenizer.json is missing where a vocabulary is asked for", () => {
    const source = load(directory(CONFIG));
    expect(source.chatTemplate).toBeNull();
    expect(() => source.vocabulary()).toThrow(/tokenizer\.json: there is no such file/);
  });
});
