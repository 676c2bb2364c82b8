/**
 * The checkpoint among a repository's files: safetensors with their configuration and tokeniser, all in its root.
 * `models/hugging-face` reads such a folder. Names only; no file is read.
 */

import type { ModelFile } from "./model-files.ts";

/** What it is called where a quantisation may stand. */
export const CHECKPOINT = "safetensors";

/** Beside the weights, in the order in which they are fetched: what can refuse a model comes first. */
const COMPANIONS: readonly string[] = [
  "config.json",
  "quantize_config.json",
  "model.safetensors.index.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "chat_template.json",
];
const REQUIRED = ["config.json", "tokenizer.json"] as const;
const INDEX = "model.safetensors.index.json";
const ONLY_WEIGHTS = "model.safetensors";

/** In the root; neither the makers' own form of the same weights, nor what is added to another model. */
const WEIGHTS = /^(?!consolidated|adapter_)[^/]+\.safetensors$/;
const SHARD = /-\d{5}-of-(\d{5})\.safetensors$/;

const isWeights = ({ path }: ModelFile): boolean => WEIGHTS.test(path);

/** Whether a file of a checkpoint has this path. */
export const isCheckpointFile = (path: string): boolean => COMPANIONS.includes(path) || WEIGHTS.test(path);

export interface CheckpointFiles<File extends ModelFile> {
  readonly files: readonly File[];
  /** What it cannot run without, as "no tokenizer.json"; null where it is whole. */
  readonly lacks: string | null;
}

/** Null where there are no weights of one. */
export function findCheckpoint<File extends ModelFile>(files: readonly File[]): CheckpointFiles<File> | null {
  const there = new Map(files.map((file) => [file.path, file]));
  const weights = chooseWeights(
    files.filter(isWeights).toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    there.has(INDEX),
  );
  if (weights.files.length === 0) return null;
  const companions = COMPANIONS.flatMap((path) => there.get(path) ?? []);
  const missing = REQUIRED.find((path) => !there.has(path));
  return {
    files: [...companions, ...weights.files],
    lacks: missing === undefined ? weights.lacks : `no ${missing}`,
  };
}

/** The shards of an index; without one model.safetensors, or the only file. */
function chooseWeights<File extends ModelFile>(weights: readonly File[], hasIndex: boolean): CheckpointFiles<File> {
  const shards = weights.filter(({ path }) => SHARD.test(path));
  if (hasIndex && shards.length === 0) return { files: weights, lacks: null };
  if (hasIndex) {
    const count = Math.max(...shards.map(shardsOf));
    const missing = count - shards.length;
    return { files: shards, lacks: missing > 0 ? `${missing} of ${count} shards missing` : null };
  }
  const [first] = weights;
  const only = weights.find(({ path }) => path === ONLY_WEIGHTS) ?? (weights.length === 1 ? first : undefined);
  if (only !== undefined && shardsOf(only) === 1) return { files: [only], lacks: null };
  return { files: weights, lacks: `no ${INDEX}` };
}

/** How many there are by the name of one; 1 where it says nothing. */
const shardsOf = ({ path }: ModelFile): number => Number(SHARD.exec(path)?.[1] ?? 1);
