/** Reads GGUF files that llama.cpp wrote, against the same models in other formats. */

import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { memorySource, openFileSource } from "../../src/formats/file-source.ts";
import type { GgufModel } from "../../src/formats/gguf/model.ts";
import { readGguf } from "../../src/formats/gguf/read.ts";
import { ggufBytes } from "../../src/formats/gguf/write.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

function read(name: string): GgufModel {
  return readGguf(sharedPath(name), openFileSource);
}

interface SafetensorsHeader {
  readonly [name: string]: { readonly shape: readonly number[]; readonly data_offsets: readonly [number, number] };
}

/** Bytes and shape of a tensor in a safetensors file. */
function safetensor(file: Buffer, name: string): { readonly shape: readonly number[]; readonly data: Uint8Array } {
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + headerBytes)) as SafetensorsHeader;
  const entry = header[name];
  const [begin, end] = entry?.data_offsets ?? [0, 0];
  return {
    shape: entry?.shape ?? [],
    data: new Uint8Array(file.subarray(8 + headerBytes + begin, 8 + headerBytes + end)),
  };
}

describe.skipIf(sharedAbsent)("GGUF files of llama.cpp", () => {
  it("are all read, and written again to the same contents", () => {
    const names = ["models", "tokenizers"].flatMap((folder) =>
      readdirSync(sharedPath(folder))
        .filter((name) => name.endsWith(".gguf"))
        .map((name) => `${folder}/${name}`),
    );
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const model = read(name);
      expect(model.metadata.getString("general.architecture")).toMatch(/^(?:llama|gpt2|qwen2)$/);
      expect(model.tensorBytes).toBeLessThan(model.fileBytes);
      const tensors = [...model.tensors.values()].map((tensor) => ({
        name: tensor.name,
        type: tensor.type,
        shape: tensor.shape,
        data: tensor.view(),
      }));
      const again = ggufBytes({ metadata: model.metadata.entries(), tensors });
      const copy = readGguf(name, (path) => memorySource(path, again));
      expect([...copy.metadata.entries()].map(([key]) => key)).toEqual(
        [...model.metadata.entries()].map(([key]) => key),
      );
      // The same version, order and alignment leave nothing to choose, but padding after the last byte.
      const original = readFileSync(sharedPath(name));
      expect(Buffer.compare(again.subarray(0, original.length), original)).toBe(0);
      expect(again.length - original.length).toBeLessThan(32);
      model.dispose();
    }
  });

  it("hold the tensors of the model that they were converted from", () => {
    const model = read("models/TinyStories-656K-f32.gguf");
    const file = readFileSync(sharedPath("models/TinyStories-656K/model.safetensors"));
    const pairs = [
      ["blk.0.ffn_down.weight", "model.layers.0.mlp.down_proj.weight"],
      ["blk.1.ffn_gate.weight", "model.layers.1.mlp.gate_proj.weight"],
      ["blk.0.attn_v.weight", "model.layers.0.self_attn.v_proj.weight"],
      ["blk.1.ffn_norm.weight", "model.layers.1.post_attention_layernorm.weight"],
      ["token_embd.weight", "lm_head.weight"],
    ] as const;
    for (const [name, source] of pairs) {
      const tensor = model.tensors.get(name);
      const { shape, data } = safetensor(file, source);
      expect(tensor?.shape.toReversed()).toEqual(shape);
      expect(Buffer.compare(tensor?.view() ?? Buffer.alloc(0), data)).toBe(0);
    }
    model.dispose();
  });

  it("hold the vocabulary of the tokenizer that they were converted from", () => {
    const model = read("models/TinyStories-656K-f32.gguf");
    const json = JSON.parse(readFileSync(sharedPath("models/TinyStories-656K/tokenizer.json"), "utf8")) as {
      readonly model: { readonly vocab: Readonly<Record<string, number>> };
    };
    const tokens = model.metadata.getStringArray("tokenizer.ggml.tokens");
    const strings = model.metadata.findStrings("tokenizer.ggml.tokens");
    const expected = Object.entries(json.model.vocab).toSorted(([, a], [, b]) => a - b);
    expect(tokens).toEqual(expected.map(([token]) => token));
    expect(tokens.map((_, index) => strings?.get(index))).toEqual(tokens);
    model.dispose();
  });

  it("of 128k tokens open in well under 200 ms", () => {
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      read("tokenizers/ggml-vocab-llama-bpe.gguf").dispose();
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(100);
  });
});
