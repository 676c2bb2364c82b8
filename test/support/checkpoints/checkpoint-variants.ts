/** Every kind of quantised checkpoint that runs, as rows: how it rounds, how it is written, what config.json says. */

import type { SafetensorsContents } from "../../../src/formats/safetensors/write.ts";
import type { GroupOptions, QuantizedGroups } from "./quantize-groups.ts";
import { awqTensors, gptqTensors, int8Tensors, packQuantizedTensors } from "./write-weight.ts";

export interface CheckpointVariant {
  readonly name: string;
  readonly rounding: GroupOptions;
  readonly config: Readonly<Record<string, unknown>>;
  tensors(module: string, quantized: QuantizedGroups): readonly SafetensorsContents[];
}

interface GptqRow extends GroupOptions {
  readonly version: 1 | 2;
}

function gptq(row: GptqRow): CheckpointVariant {
  const { bits, groupColumns, symmetric, scattered, version } = row;
  const order = scattered === undefined ? "" : `, act-order ${scattered}`;
  return {
    name: `GPTQ ${bits} bits, group ${groupColumns}, ${symmetric ? "symmetric" : "zero points"}${order}, version ${version}`,
    rounding: row,
    config: {
      quant_method: "gptq",
      bits,
      group_size: groupColumns,
      desc_act: scattered !== undefined,
      sym: symmetric,
      checkpoint_format: version === 1 ? "gptq" : "gptq_v2",
    },
    tensors: (module, q) => gptqTensors(module, q, version, scattered !== undefined || version === 1),
  };
}

function awq(groupColumns: number): CheckpointVariant {
  return {
    name: `AWQ, group ${groupColumns}`,
    rounding: { bits: 4, groupColumns, symmetric: false },
    config: { quant_method: "awq", bits: 4, group_size: groupColumns, version: "gemm", zero_point: true },
    tensors: awqTensors,
  };
}

function compressed(row: GroupOptions, format: "pack" | "int"): CheckpointVariant {
  const { bits, groupColumns, symmetric, scattered, oneScale = false, scaleType = "F32" } = row;
  const strategy = oneScale ? "tensor" : groupColumns === -1 ? "channel" : "group";
  const actorder = scattered === undefined ? null : "group";
  const weights = { num_bits: bits, type: "int", symmetric, strategy, group_size: groupColumns, actorder };
  const group = `${strategy}${groupColumns === -1 ? "" : ` ${groupColumns}`}${scattered === undefined ? "" : ", act-order"}`;
  return {
    name: `compressed-tensors ${format}-quantized ${bits} bits, ${group}, ${symmetric ? "symmetric" : "zero points"}${scaleType === "BF16" ? ", scales in BF16" : ""}`,
    rounding: { ...row, scaleType },
    config: {
      quant_method: "compressed-tensors",
      format: `${format}-quantized`,
      config_groups: { group_0: { targets: ["Linear"], weights } },
      ignore: ["lm_head"],
    },
    tensors: (module, q) =>
      format === "pack" ? packQuantizedTensors(module, q, symmetric) : int8Tensors(module, q, symmetric, oneScale),
  };
}

export const CHECKPOINT_VARIANTS: readonly CheckpointVariant[] = [
  gptq({ bits: 4, groupColumns: 32, symmetric: true, version: 1 }),
  gptq({ bits: 4, groupColumns: 64, symmetric: false, version: 1 }),
  gptq({ bits: 4, groupColumns: 128, symmetric: false, version: 2 }),
  gptq({ bits: 4, groupColumns: -1, symmetric: true, version: 1 }),
  gptq({ bits: 4, groupColumns: -1, symmetric: false, version: 1 }),
  gptq({ bits: 4, groupColumns: 32, symmetric: false, scattered: "by input", version: 1 }),
  gptq({ bits: 4, groupColumns: 64, symmetric: true, scattered: "by matrix", version: 1 }),
  gptq({ bits: 4, groupColumns: 128, symmetric: true, scattered: "by input", version: 2 }),
  gptq({ bits: 8, groupColumns: 128, symmetric: true, version: 1 }),
  gptq({ bits: 8, groupColumns: 64, symmetric: false, version: 2 }),
  gptq({ bits: 8, groupColumns: 32, symmetric: true, scattered: "by matrix", version: 1 }),
  gptq({ bits: 8, groupColumns: 128, symmetric: false, scattered: "by input", version: 2 }),
  gptq({ bits: 8, groupColumns: -1, symmetric: false, version: 2 }),
  awq(32),
  awq(64),
  awq(128),
  awq(-1),
  compressed({ bits: 4, groupColumns: 128, symmetric: true }, "pack"),
  compressed({ bits: 4, groupColumns: 128, symmetric: true, scaleType: "BF16" }, "pack"),
  compressed({ bits: 4, groupColumns: 32, symmetric: false }, "pack"),
  compressed({ bits: 4, groupColumns: 64, symmetric: false, scattered: "by input" }, "pack"),
  compressed({ bits: 8, groupColumns: -1, symmetric: true }, "pack"),
  compressed({ bits: 8, groupColumns: -1, symmetric: true }, "int"),
  compressed({ bits: 8, groupColumns: -1, symmetric: false }, "int"),
  compressed({ bits: 8, groupColumns: 64, symmetric: true }, "int"),
  compressed({ bits: 8, groupColumns: 32, symmetric: false }, "int"),
  compressed({ bits: 8, groupColumns: -1, symmetric: true, oneScale: true }, "int"),
  compressed({ bits: 8, groupColumns: -1, symmetric: false, oneScale: true }, "int"),
];

/** Of those that models with biases are tried in, as Qwen 2's: one of each method that writes them. */
export const BIASED_VARIANTS = [
  checkpointVariant("GPTQ 4 bits, group 32, zero points, act-order by input"),
  checkpointVariant("AWQ, group 64"),
];

/** What a test of one thing takes; throws where no variant's name begins so. */
export function checkpointVariant(name: string): CheckpointVariant {
  const found = CHECKPOINT_VARIANTS.find((variant) => variant.name.startsWith(name));
  if (found === undefined) throw new TypeError(`no variant ${name}`);
  return found;
}
