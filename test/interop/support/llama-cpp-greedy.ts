/** llama.cpp's greedy continuations: what each row of the golden file holds. */

import { readFileSync } from "node:fs";
import { sharedPath } from "./shared-folder.ts";

export interface GreedyRow {
  readonly prompt: string;
  readonly prompt_tokens: readonly number[];
  /** Generated ids only, the end token included where one came. */
  readonly tokens: readonly number[];
  readonly stop: "limit" | "eos";
  /** Of the first 8 steps: the ten best ids with their log-probabilities. */
  readonly top10: readonly (readonly (readonly [token: number, logprob: number])[])[];
}

export function readGreedyRows(model: string): readonly GreedyRow[] {
  const rows = JSON.parse(readFileSync(sharedPath("golden/llama.cpp-greedy.json"), "utf8")) as Record<
    string,
    GreedyRow[]
  >;
  return rows[model] ?? [];
}
