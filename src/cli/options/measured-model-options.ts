/** Options of the measurements that load a model themselves and set its context by what they measure. */

import type { OptionTable } from "../../base/option-table.ts";
import { CACHE_OPTIONS } from "./cache-options.ts";
import { ENGINE_OPTIONS } from "./engine-options.ts";

export const MEASURED_MODEL_OPTIONS = {
  threads: ENGINE_OPTIONS.threads,
  "kv-type": ENGINE_OPTIONS["kv-type"],
  backend: ENGINE_OPTIONS.backend,
  ...CACHE_OPTIONS,
} as const satisfies OptionTable;
