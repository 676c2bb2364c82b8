/** `quantization_config` of a directory whose matrices are packed. Source: compressed-tensors, `QuantizationConfig`. */

import type { PackScheme } from "./packed-weight.ts";

export interface PackedModule {
  readonly module: string;
  readonly scheme: PackScheme;
}

/**
 * One group of modules for each scheme in use: all linear ones where there is one scheme, else each by its name.
 * `floats` are the linear modules that stay as they are.
 */
export function packConfig(
  packed: readonly PackedModule[],
  floats: readonly string[],
): Readonly<Record<string, unknown>> {
  const groups = new Map<string, { readonly scheme: PackScheme; readonly modules: string[] }>();
  for (const { module, scheme } of packed) {
    const key = JSON.stringify(scheme);
    const group = groups.get(key) ?? { scheme, modules: [] };
    group.modules.push(module);
    groups.set(key, group);
  }
  const configs = [...groups.values()].map(({ scheme, modules }, index) => {
    const targets = groups.size === 1 ? ["Linear"] : modules;
    const weights = weightsConfig(scheme);
    return [`group_${index}`, { targets, weights, input_activations: null, output_activations: null }] as const;
  });
  return {
    quant_method: "compressed-tensors",
    format: "pack-quantized",
    quantization_status: "compressed",
    ignore: ["lm_head", ...floats],
    config_groups: Object.fromEntries(configs),
  };
}

function weightsConfig({ bits, groupColumns, symmetric }: PackScheme): object {
  return { num_bits: bits, type: "int", symmetric, strategy: "group", group_size: groupColumns };
}
