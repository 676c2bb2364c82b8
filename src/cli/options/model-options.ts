/** The model as a setting, for services and containers, whose command lines stay the same. */

import type { OptionTable } from "../../base/option-table.ts";

export const MODEL_OPTIONS = {
  model: {
    type: { kind: "string", placeholder: "MODEL" },
    default: null,
    env: "TURNWISE_MODEL",
    help: "The model where the command line has no MODEL",
  },
} as const satisfies OptionTable;
