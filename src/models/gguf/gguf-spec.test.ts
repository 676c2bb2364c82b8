import { describe, expect, it } from "vitest";
import { memorySource } from "../../formats/file-source.ts";
import { readGguf } from "../../formats/gguf/read.ts";
import type { GgufValue } from "../../formats/gguf/value.ts";
import { ggufBytes, type GgufTensorContents } from "../../formats/gguf/write.ts";
import { specFromGguf } from "../families.ts";
import type { ModelSpec } from "../model-spec.ts";

const uint = (value: number): GgufValue => ({ kind: "number", type: "uint32", value });
const float = (value: number): GgufValue => ({ kind: "number", type: "float32", value });
const uints = (...values: number[]): GgufValue => ({
  kind: "numbers",
  type: "uint32",
  values: Uint32Array.from(values),
});
const text = (value: string): GgufValue => ({ kind: "string", value, bytes: new TextEncoder().encode(value) });

const PLAIN: Readonly<Record<string, GgufValue>> = {
  "general.architecture": text("llama"),
  "general.name": text("Example"),
  "llama.block_count": uint(2),
  "llama.context_length": uint(512),
  "llama.embedding_length": uint(64),
  "llama.feed_forward_length": uint(172),
  "llama.attention.head_count": uint(8),
  "llama.attention.head_count_kv": uint(4),
  "llama.attention.layer_norm_rms_epsilon": float(0.5),
  "llama.vocab_size": uint(100),
};

type Changes = Readonly<Record<string, GgufValue | null>>;

/** The spec of PLAIN with keys changed, or left out where null. */
function specWith(changes: Changes, tensors: readonly GgufTensorContents[] = []): ModelSpec {
  const metadata = Object.entries({ ...PLAIN, ...changes }).flatMap(([key, value]) =>
    value === null ? [] : [[key, value] as const],
  );
  const bytes = ggufBytes({ metadata, tensors });
  return specFromGguf(readGguf("test.gguf", (path) => memorySource(path, bytes)));
}

function f32Tensor(name: string, values: readonly number[]): GgufTensorContents {
  return { name, type: "F32", shape: [values.length], data: new Uint8Array(Float32Array.from(values).buffer) };
}

describe("specFromGguf", () => {
  it("reads a plain file, with the defaults of what is absent", () => {
    expect(specWith({})).toEqual({
      architecture: "llama",
      name: "Example",
      layers: 2,
      hiddenColumns: 64,
      ffnColumns: 172,
      heads: 8,
      kvHeads: 4,
      headDim: 8,
      vocabSize: 100,
      contextTokens: 512,
      normEpsilon: 0.5,
      rope: { theta: 10_000, scaling: { kind: "none" } },
      ropePairing: "neighbours",
      headNorm: false,
      tiedHead: true,
      qkvBias: false,
      attentionOutputBias: false,
    });
  });

  it("takes as many KV heads as query heads where the key is absent", () => {
    expect(specWith({ "llama.attention.head_count_kv": null }).kvHeads).toBe(8);
  });

  it("takes sizes given for each layer where all are equal", () => {
    expect(specWith({ "llama.attention.head_count_kv": uints(2, 2) }).kvHeads).toBe(2);
  });

  it("takes a head dimension that is not an even share", () => {
    expect(specWith({ "llama.attention.key_length": uint(32), "llama.attention.value_length": uint(32) }).headDim).toBe(
      32,
    );
  });

  it("finds the head and the biases by their tensors", () => {
    const tensors = ["output.weight", "blk.0.attn_q.bias", "blk.0.attn_output.bias"].map((name) =>
      f32Tensor(name, [1]),
    );
    expect(specWith({}, tensors)).toMatchObject({ tiedHead: false, qkvBias: true, attentionOutputBias: true });
  });

  it("accepts a window that holds the whole context", () => {
    expect(specWith({ "llama.attention.sliding_window": uint(512) }).contextTokens).toBe(512);
  });
});

function scaling(changes: Changes, tensors: readonly GgufTensorContents[] = []): unknown {
  return specWith(changes, tensors).rope.scaling;
}

describe("RoPE scaling", () => {
  it("is linear by type, and by the factor alone in older files", () => {
    const type = { "llama.rope.scaling.type": text("linear"), "llama.rope.scaling.factor": float(4) };
    expect(scaling(type)).toEqual({ kind: "linear", factor: 4 });
    expect(scaling({ "llama.rope.scale_linear": float(2) })).toEqual({ kind: "linear", factor: 2 });
  });

  it("is none where the type says so", () => {
    const type = { "llama.rope.scaling.type": text("none"), "llama.rope.scaling.factor": float(4) };
    expect(scaling(type)).toEqual({ kind: "none" });
  });

  it("reads Llama 3's divisors from their tensor", () => {
    const tensors = [f32Tensor("rope_freqs.weight", [1, 1, 2, 8])];
    expect(scaling({}, tensors)).toEqual({ kind: "factors", factors: Float32Array.of(1, 1, 2, 8) });
  });

  it("refuses divisors of another length, or that are none", () => {
    expect(() => scaling({}, [f32Tensor("rope_freqs.weight", [1, 2])])).toThrow(
      /rope_freqs.weight has shape \[2\]; expected \[4\]/,
    );
    expect(() => scaling({}, [f32Tensor("rope_freqs.weight", [1, 0, 1, 1])])).toThrow(/holds 0, not a divisor/);
  });

  it("refuses YaRN unless it stretches by 1", () => {
    const yarn = { "llama.rope.scaling.type": text("yarn") };
    expect(() => scaling(yarn)).toThrow(/RoPE scaling of type yarn/);
    expect(() => scaling({ ...yarn, "llama.rope.scaling.factor": float(4) })).toThrow(/RoPE scaling of type yarn/);
    expect(scaling({ ...yarn, "llama.rope.scaling.factor": float(1) })).toEqual({ kind: "none" });
  });
});

describe("what is refused", () => {
  it.each<readonly [name: string, code: string, problem: RegExp, changes: Changes]>([
    [
      "another architecture",
      "architecture_unsupported",
      /Architecture mamba .*Supported: llama, qwen2, qwen3\./,
      { "general.architecture": text("mamba") },
    ],
    ["no architecture", "metadata_missing", /general\.architecture is missing/, { "general.architecture": null }],
    ["experts", "model_feature_unsupported", /a mixture of experts/, { "llama.expert_count": uint(8) }],
    [
      "a sliding window",
      "model_feature_unsupported",
      /sliding-window attention \(128 tokens\)/,
      { "llama.attention.sliding_window": uint(128) },
    ],
    [
      "attention both ways",
      "model_feature_unsupported",
      /not causal/,
      { "llama.attention.causal": { kind: "bool", value: false } },
    ],
    [
      "layers that differ",
      "model_feature_unsupported",
      /KV head counts that differ/,
      { "llama.attention.head_count_kv": uints(4, 2) },
    ],
    [
      "values narrower than keys",
      "model_feature_unsupported",
      /value heads of 4 columns beside key heads of 8/,
      { "llama.attention.value_length": uint(4) },
    ],
    [
      "partial rotation",
      "model_feature_unsupported",
      /RoPE over 4 of 8 columns/,
      { "llama.rope.dimension_count": uint(4) },
    ],
    [
      "a missing size",
      "metadata_missing",
      /llama\.embedding_length is missing; a llama model/,
      { "llama.embedding_length": null },
    ],
    [
      "a missing head count",
      "metadata_missing",
      /llama\.attention\.head_count is missing/,
      { "llama.attention.head_count": null },
    ],
    [
      "no layers",
      "metadata_invalid",
      /llama\.block_count: it is 0, outside 1\.\.1024/,
      { "llama.block_count": uint(0) },
    ],
    [
      "too many layers",
      "metadata_invalid",
      /llama\.block_count: it is 4294967295/,
      { "llama.block_count": uint(2 ** 32 - 1) },
    ],
    [
      "heads that do not divide",
      "metadata_invalid",
      /heads of 21\.33\d* columns/,
      { "llama.attention.head_count": uint(3), "llama.attention.head_count_kv": uint(3) },
    ],
    [
      "odd heads",
      "metadata_invalid",
      /key_length: it makes heads of 7 columns/,
      { "llama.attention.key_length": uint(7) },
    ],
    [
      "KV heads that do not divide",
      "metadata_invalid",
      /8 query heads do not share 3/,
      { "llama.attention.head_count_kv": uint(3) },
    ],
    [
      "an epsilon of 0",
      "metadata_invalid",
      /it is 0, not a positive number/,
      { "llama.attention.layer_norm_rms_epsilon": float(0) },
    ],
    [
      "a theta that is no number",
      "metadata_invalid",
      /freq_base: it is NaN/,
      { "llama.rope.freq_base": float(Number.NaN) },
    ],
    [
      "a size of another type",
      "metadata_invalid",
      /llama\.context_length: it is a string/,
      { "llama.context_length": text("512") },
    ],
    ["an empty list of sizes", "metadata_invalid", /it is an empty array/, { "llama.feed_forward_length": uints() }],
  ])("%s", (_, code, problem, changes) => {
    expect(() => specWith(changes)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(problem) }) as Error,
    );
  });
});
