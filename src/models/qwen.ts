/**
 * The dense models of the Qwen family. Qwen2 and 2.5 ("qwen2") have biases on Q, K and V; Qwen3 ("qwen3")
 * has none, but norms of each head of Q and K before RoPE.
 */

import type { Family } from "./family.ts";
import { buildTransformer } from "./transformer.ts";

export const qwen2: Family = { gguf: { ropePairing: "halves", headNorm: false }, build: buildTransformer };

export const qwen3: Family = { gguf: { ropePairing: "halves", headNorm: true }, build: buildTransformer };
