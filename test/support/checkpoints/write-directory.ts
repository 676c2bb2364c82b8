/** Hugging Face directories of tiny models, quantised in any way that runs, and their dequantised twins. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SafetensorsContents, safetensorsBytes } from "../../../src/formats/safetensors/write.ts";
import { moduleOfWeight } from "../../../src/models/hugging-face/weight-names.ts";
import { type ForwardGolden, goldenValues, goldenWeights } from "../forward-golden.ts";
import type { CheckpointVariant } from "./checkpoint-variants.ts";
import { dequantize, quantizeGroups } from "./quantize-groups.ts";

/** A folder for one test file, with a way to remove it. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "turnwise-checkpoint-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function writeDirectory(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  tensors: readonly SafetensorsContents[],
): void {
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "model.safetensors"), safetensorsBytes(tensors, { format: "pt" }));
}

export function goldenConfig(golden: ForwardGolden): Readonly<Record<string, unknown>> {
  return {
    model_type: golden.architecture,
    hidden_size: golden.hidden,
    num_hidden_layers: golden.layers,
    num_attention_heads: golden.heads,
    num_key_value_heads: golden.kv_heads,
    head_dim: golden.head_dim,
    intermediate_size: golden.ffn,
    vocab_size: golden.vocab,
    max_position_embeddings: 64,
    rms_norm_eps: golden.epsilon,
    rope_theta: golden.theta,
    tie_word_embeddings: golden.tied,
    use_sliding_window: false,
    sliding_window: 32,
  };
}

/** The golden's tensors; the projections as `variant` has them, or dequantised from that. */
export function goldenTensors(
  golden: ForwardGolden,
  variant: CheckpointVariant | null = null,
  form: "quantized" | "dequantized" = "quantized",
): readonly SafetensorsContents[] {
  return goldenWeights(golden).flatMap((weight): readonly SafetensorsContents[] => {
    const { name, shape } = weight;
    const { module, part } = moduleOfWeight(name) ?? { module: name, part: "" };
    const plain = (values: Float32Array): SafetensorsContents => ({
      name: `${module}.${part}`,
      dtype: "F32",
      shape,
      data: new Uint8Array(values.buffer),
    });
    const values = goldenValues(weight);
    if (variant === null || shape.length === 1 || /^(?:token_embd|output)\./.test(name)) return [plain(values)];
    const quantized = quantizeGroups(values, shape[1] ?? 0, variant.rounding);
    return form === "quantized" ? variant.tensors(module, quantized) : [plain(dequantize(quantized))];
  });
}
