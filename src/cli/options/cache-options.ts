/** Options of every command that takes a MODEL, which may be one of the pulled ones. */

import type { OptionTable } from "../../base/option-table.ts";

export const CACHE_OPTIONS = {
  "cache-dir": {
    type: { kind: "string", placeholder: "FOLDER" },
    default: null,
    env: "TURNWISE_CACHE_DIR",
    help: "Where models and packed weights are kept; by default $XDG_CACHE_HOME/turnwise or ~/.cache/turnwise",
  },
} as const satisfies OptionTable;
