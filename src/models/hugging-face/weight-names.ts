/** The one table between canonical weight names and those of transformers' Llama-shaped models. */

const OUTER: readonly (readonly [canonical: string, module: string])[] = [
  ["token_embd", "model.embed_tokens"],
  ["output_norm", "model.norm"],
  ["output", "lm_head"],
];

const IN_LAYER: readonly (readonly [canonical: string, module: string])[] = [
  ["attn_norm", "input_layernorm"],
  ["attn_q", "self_attn.q_proj"],
  ["attn_k", "self_attn.k_proj"],
  ["attn_v", "self_attn.v_proj"],
  ["attn_q_norm", "self_attn.q_norm"],
  ["attn_k_norm", "self_attn.k_norm"],
  ["attn_output", "self_attn.o_proj"],
  ["ffn_norm", "post_attention_layernorm"],
  ["ffn_gate", "mlp.gate_proj"],
  ["ffn_up", "mlp.up_proj"],
  ["ffn_down", "mlp.down_proj"],
];

const MODULES = new Map([...OUTER, ...IN_LAYER]);
const CANONICAL = new Map([...MODULES].map(([canonical, module]) => [module, canonical]));

/** "blk.3.attn_q.weight" -> { module: "model.layers.3.self_attn.q_proj", part: "weight" }; null for no weight. */
export function moduleOfWeight(name: string): { readonly module: string; readonly part: string } | null {
  const match = /^(?:blk\.(?<layer>\d+)\.)?(?<base>\w+)\.(?<part>weight|bias)$/.exec(name);
  const { layer, base = "", part = "" } = match?.groups ?? {};
  const module = MODULES.get(base);
  if (module === undefined) return null;
  return { module: layer === undefined ? module : `model.layers.${layer}.${module}`, part };
}

/** "model.layers.3.self_attn.q_proj", "weight" -> "blk.3.attn_q.weight"; null where no table has the module. */
export function weightOfModule(module: string, part: "weight" | "bias"): string | null {
  const match = /^model\.layers\.(?<layer>\d+)\.(?<inner>.+)$/.exec(module);
  const { layer, inner = module } = match?.groups ?? {};
  const canonical = CANONICAL.get(inner);
  if (canonical === undefined) return null;
  return layer === undefined ? `${canonical}.${part}` : `blk.${layer}.${canonical}.${part}`;
}
