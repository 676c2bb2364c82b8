/** The option that names the settings file; every command that has settings takes it. */

import type { OptionTable } from "../../base/option-table.ts";

export const CONFIG_OPTIONS = {
  config: {
    type: { kind: "string", placeholder: "FILE" },
    default: null,
    env: "TURNWISE_CONFIG",
    help: "Settings file; by default turnwise.config.json of the current folder, where there is one",
  },
} as const satisfies OptionTable;
