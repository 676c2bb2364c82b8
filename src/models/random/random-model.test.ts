import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { memorySource } from "../../formats/file-source.ts";
import type { GgufModel } from "../../formats/gguf/model.ts";
import { readGguf } from "../../formats/gguf/read.ts";
import { ggufBytes } from "../../formats/gguf/write.ts";
import { matrixRef } from "../../graph/weight-ref.ts";
import { parseChatTemplate } from "../../text/template/chat-template.ts";
import { createTokenizer } from "../../text/tokenizer/create-tokenizer.ts";
import { vocabularyFromMetadata } from "../../text/tokenizer/from-metadata.ts";
import { bindWeights } from "../bind-weights.ts";
import { buildGraph, specFromGguf } from "../families.ts";
import { decodeWeight } from "../decoded-weights.ts";
import { ggufSource } from "../gguf/gguf-source.ts";
import { randomModel, type RandomQuant } from "./random-model.ts";
import { RANDOM_QUANTS } from "./random-quants.ts";
import type { RandomShapeName } from "./random-shapes.ts";
import { RANDOM_WEIGHTS_KEY } from "./random-weights-key.ts";

const files = new Map<string, GgufModel>();

function fileOf(shape: RandomShapeName, quant: RandomQuant): GgufModel {
  const key = `${shape} ${quant}`;
  const known = files.get(key);
  if (known !== undefined) return known;
  const bytes = ggufBytes(randomModel(shape, quant, 1));
  const file = readGguf("random.gguf", (path) => memorySource(path, bytes));
  files.set(key, file);
  return file;
}

function hash(seed: number): string {
  const bytes = ggufBytes(randomModel("tiny", "q4_0", seed));
  return createHash("sha256").update(bytes).digest("hex");
}

describe("randomModel", () => {
  it.each(RANDOM_QUANTS)("makes a whole model of %s", (quant) => {
    const file = fileOf("tiny-wide", quant);
    const bound = bindWeights(buildGraph(specFromGguf(file)), ggufSource(file));
    expect(bound.get("blk.2.ffn_up.weight")?.encoding).toEqual({
      kind: "ggml",
      type: quant.toUpperCase().replace(/_M$/, ""),
    });
    expect(bound.get("blk.2.ffn_norm.weight")?.encoding).toEqual({ kind: "ggml", type: "F32" });
    expect(file.metadata.findBool(RANDOM_WEIGHTS_KEY)).toBe(true);
  });

  it("mixes types as llama.cpp's Q4_K_M does", () => {
    const { tensors } = fileOf("tiny-wide", "q4_k_m");
    const typeOf = (name: string): string | undefined => tensors.get(`${name}.weight`)?.type;
    expect(["output", "blk.2.attn_v", "blk.2.ffn_down"].map(typeOf)).toEqual(["Q6_K", "Q6_K", "Q6_K"]);
    expect(["token_embd", "blk.1.attn_v", "blk.1.ffn_down", "blk.2.attn_q"].map(typeOf)).toEqual(Array(4).fill("Q4_K"));
  });

  it("stores rows that no superblock divides as llama.cpp does", () => {
    const { tensors } = fileOf("tiny", "q4_k_m");
    const typeOf = (name: string): string | undefined => tensors.get(`${name}.weight`)?.type;
    // Rows of 96, but for ffn_down, whose rows have 256.
    expect(["output", "blk.2.attn_v", "blk.1.attn_v", "blk.2.ffn_down", "blk.1.ffn_down"].map(typeOf)).toEqual([
      "Q8_0",
      "Q8_0",
      "Q5_0",
      "Q6_K",
      "Q4_K",
    ]);
    const iq4 = fileOf("tiny", "iq4_xs").tensors;
    expect([iq4.get("blk.0.ffn_up.weight")?.type, iq4.get("blk.0.ffn_down.weight")?.type]).toEqual([
      "IQ4_NL",
      "IQ4_XS",
    ]);
  });

  it("depends on the seed and on nothing else", () => {
    expect(hash(1)).toBe(hash(1));
    expect(hash(1)).not.toBe(hash(2));
  });

  /** A Q2_K value has four levels, the lowest no deeper than it can be: its spread is off by some 7 %. */
  it.each(RANDOM_QUANTS)("keeps the spread of the weights in %s", (quant) => {
    const file = fileOf("tiny-wide", quant);
    const graph = buildGraph(specFromGguf(file));
    const ref = matrixRef("blk.0.ffn_up.weight", 256, 256);
    const weights = decodeWeight(ref, bindWeights(graph, ggufSource(file)));
    const squares = weights.reduce((sum, weight) => sum + weight ** 2, 0);
    expect(Math.sqrt(squares / weights.length) * Math.sqrt(256)).toBeCloseTo(1, quant === "q2_k" ? 0 : 1);
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
    expect(Math.abs(mean) * Math.sqrt(256)).toBeLessThan(0.03);
  });

  it("repeats no row", () => {
    const file = fileOf("tiny", "q4_0");
    const tensor = file.tensors.get("token_embd.weight");
    const bytes = tensor?.view() ?? new Uint8Array(0);
    const rowBytes = bytes.length / (tensor?.rows ?? 1);
    const rows = Array.from({ length: tensor?.rows ?? 0 }, (_, row) =>
      Buffer.from(bytes.subarray(row * rowBytes, (row + 1) * rowBytes)).toString("hex"),
    );
    expect(new Set(rows).size).toBe(rows.length);
  });

  // Parameters of the published models, from their pages on the Hugging Face hub.
  it.each([
    ["llama-3.2-1b", 1_235_814_400],
    ["llama-3.1-8b", 8_030_261_248],
    ["smollm2-135m", 134_515_008],
    ["qwen3-0.6b", 596_049_920],
  ] as const)("has the size of %s under that name", (name, parameters) => {
    const { tensors } = randomModel(name, "q4_0", 1);
    const weights = tensors.filter((tensor) => tensor.name !== "rope_freqs.weight");
    const elements = weights.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
    expect(elements).toBe(parameters);
  });
});

describe("its tokenizer", () => {
  const tokenizer = createTokenizer(vocabularyFromMetadata(fileOf("tiny", "f32").metadata));

  it("merges English and keeps every byte", () => {
    const sentence = "the thing in the hat was on fire: 100 % ½ 🦙";
    const tokens = tokenizer.encode(sentence, { addSpecial: false, parseSpecial: false });
    expect(tokens.length).toBeLessThan(new TextEncoder().encode(sentence).length * 0.8);
    expect(tokenizer.decode(tokens)).toBe(sentence);
  });

  it("splits the special tokens of its chat template exactly", () => {
    const template = parseChatTemplate(fileOf("tiny", "f32").metadata.getString("tokenizer.chat_template"));
    const prompt = template.render({
      messages: [{ role: "user", content: " Hello " }],
      addGenerationPrompt: true,
      bosToken: "<|begin_of_text|>",
      eosToken: "<|end_of_text|>",
    });
    expect(prompt).toBe(
      "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>" +
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    );
    const tokens = tokenizer.encode(prompt, { addSpecial: false, parseSpecial: true });
    const controls = [...tokens].filter((token) => tokenizer.isControl(token));
    expect(controls.map((token) => tokenizer.piece(token))).toEqual(prompt.match(/<\|\w+\|>/g));
    const [ending] = tokenizer.encode("<|eot_id|>", { addSpecial: false, parseSpecial: true });
    expect(tokenizer.isEndOfGeneration(ending ?? -1)).toBe(true);
  });
});
