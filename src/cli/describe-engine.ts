/** A loaded engine in a few lines, as `serve` and `start` print it. */

import { formatBytes } from "../base/bytes.ts";
import type { EngineCapacity, ModelInfo } from "../engine/types.ts";

/** "turnwise-random (llama, 1.23 M parameters, 1.31 MiB)". */
export function describeModel(model: ModelInfo): string {
  return `model: ${model.name} (${model.architecture}, ${formatCount(model.parameters)} parameters, ${formatBytes(model.fileBytes)})`;
}

export function describeCapacity(capacity: EngineCapacity): readonly string[] {
  const tokens = capacity.pages * capacity.pageTokens;
  const threads = `${capacity.threads} ${capacity.threads === 1 ? "thread" : "threads"}`;
  return [
    `backend: ${capacity.backend}, ${threads}; loaded in ${(capacity.loadMs / 1000).toFixed(1)} s`,
    ...describeWeights(capacity),
    `KV cache: ${formatBytes(capacity.kvBytes)} of ${capacity.kvType} for ${tokens.toLocaleString("en-US")} tokens; ` +
      `${capacity.maxSequences} sequences of up to ${capacity.contextTokens.toLocaleString("en-US")} tokens`,
  ];
}

function describeWeights({ weightBytes, weightOrigin }: EngineCapacity): readonly string[] {
  if (weightOrigin === null) return [];
  const { from, pack, note } = weightOrigin;
  const origin =
    from === "pack"
      ? `mapped from ${pack}`
      : pack === null
        ? `packed now and not kept: ${note}`
        : `packed now, and being written to ${pack} for the next start`;
  return [`weights: ${formatBytes(weightBytes)}, ${origin}`];
}

const COUNT_UNITS = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
] as const;

/** 1,235,814,432 -> "1.24 B". */
export function formatCount(count: number): string {
  for (const [size, unit] of COUNT_UNITS) if (count >= size) return `${(count / size).toPrecision(3)} ${unit}`;
  return String(count);
}
