/** Directories that others have made: weights, logits and texts as their GGUF twins and their makers have them. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { openFileSource } from "../../src/formats/file-source.ts";
import { readSafetensors } from "../../src/formats/safetensors/read.ts";
import { awqGroups } from "../../src/formats/group-quant/awq.ts";
import { encodeGroups, decodeGroups, type StoredGroups } from "../../src/formats/group-quant/group-blocks.ts";
import { gptqGroups } from "../../src/formats/group-quant/gptq.ts";
import { planGroups } from "../../src/formats/group-quant/plan-groups.ts";
import type { SafetensorsTensor } from "../../src/formats/safetensors/model.ts";
import { openModel } from "../../src/models/open-model.ts";
import { sourceLogits } from "../support/source-logits.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

function dequantized(groups: StoredGroups): Float32Array {
  const plan = planGroups(groups);
  if (plan.kind === "problem" || plan.encoding.kind !== "groups") throw new TypeError(JSON.stringify(plan));
  const { format } = plan.encoding;
  return decodeGroups(encodeGroups(groups.open(), format, plan.order), format, groups.rows, groups.columns);
}

function referenceTensors(name: string): (part: string) => SafetensorsTensor {
  const { tensors } = readSafetensors(
    sharedPath(`quant-blocks/safetensors_reference/${name}.safetensors`),
    openFileSource,
  );
  return (part) => {
    const tensor = tensors.get(`model.layers.0.${part}`);
    expect(tensor).toBeDefined();
    return tensor as SafetensorsTensor;
  };
}

describe.skipIf(sharedAbsent)("checkpoints of others", () => {
  it("paged-infer-tiny-llama gives its golden logits", () => {
    const folder = sharedPath("models/paged-infer-tiny-llama");
    const meta = readFileSync(`${folder}/tiny_llama_meta.txt`, "utf8");
    const tokens = (/^tokens=(.*)$/m.exec(meta)?.[1] ?? "").split(",").map(Number);
    const golden = new Float32Array(Uint8Array.from(readFileSync(`${folder}/tiny_llama_golden.bin`)).buffer);
    const source = openModel(folder, openFileSource);
    const logits = sourceLogits(source, tokens);
    const vocabSize = logits[0]?.length ?? 0;
    expect(golden).toHaveLength(tokens.length * vocabSize);
    const differences = logits.flatMap((row, token) =>
      [...row].map((value, index) => Math.abs(value - (golden[token * vocabSize + index] ?? Number.NaN))),
    );
    expect(Math.max(...differences)).toBeLessThan(1e-4);
    source.dispose();
  });

  it("TinyStories-656K writes the same story from its directory and from its GGUF file", async () => {
    const texts: string[] = [];
    for (const model of ["models/TinyStories-656K", "models/TinyStories-656K-f32.gguf"]) {
      const engine = await Engine.load({ model: sharedPath(model), maxSequences: 1, contextTokens: 128 });
      const prompt = await engine.tokenize("Once upon a time, there was a little girl", { addSpecial: true });
      let text = "";
      for await (const part of engine.generate({ prompt, maxTokens: 60, sampling: { temperature: 0 } })) {
        if (part.kind === "delta") text += part.text;
      }
      texts.push(text);
      await engine.dispose();
    }
    expect(texts[0]?.length).toBeGreaterThan(50);
    expect(texts[0]).toBe(texts[1]);
  });

  // All of these files' words are 0 and their scales 1: zero points are 1 in version 1 of GPTQ, 0 in AWQ.
  it("the reference of GPTQ has the layout that is read", () => {
    const part = referenceTensors("gptq");
    const tensors = { qweight: part("qweight"), qzeros: part("qzeros"), scales: part("scales") };
    const values = dequantized(gptqGroups({ bits: 4, version: 1, ...tensors, groupOf: null }));
    expect(values).toEqual(new Float32Array(64 * 32).fill(-1));
  });

  it("the reference of AWQ has the layout that is read", () => {
    const part = referenceTensors("awq");
    const tensors = { qweight: part("qweight"), qzeros: part("qzeros"), scales: part("scales") };
    expect(dequantized(awqGroups(tensors))).toEqual(new Float32Array(64 * 32).fill(0));
  });

  it.each([
    ["bnb_nf4", ["U8", "F32", "F16"]],
    ["fp8", ["F8_E4M3", "F32", "BF16"]],
  ])("%s is read, whatever runs of it", (name, dtypes) => {
    const model = readSafetensors(sharedPath(`quant-blocks/safetensors_reference/${name}.safetensors`), openFileSource);
    const expected = JSON.parse(
      readFileSync(sharedPath(`quant-blocks/safetensors_reference/${name}.expected.json`), "utf8"),
    ) as {
      readonly tensors: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
    };
    const found = [...model.tensors.values()].map((tensor) => ({
      name: tensor.name,
      dtype: tensor.dtype,
      shape: tensor.shape,
    }));
    expect(found.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toMatchObject(
      expected.tensors
        .map((tensor) => ({ name: tensor.name, dtype: tensor.dtype, shape: tensor.shape }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    );
    expect(new Set(found.map(({ dtype }) => dtype))).toEqual(new Set(dtypes));
  });
});
