/**
 * The settings: those options that say how Turnwise runs on a machine, not what one call of a command does.
 * They have a variable TURNWISE_..., and a place in the settings file under their name in camelCase.
 */

import type { OptionTable } from "../base/option-table.ts";
import { SERVER_OPTIONS } from "../server/options.ts";
import { CACHE_OPTIONS } from "./options/cache-options.ts";
import { BATCH_OPTIONS, ENGINE_OPTIONS } from "./options/engine-options.ts";
import { MODEL_OPTIONS } from "./options/model-options.ts";

export const SETTINGS: OptionTable = settingsOf({
  ...MODEL_OPTIONS,
  ...SERVER_OPTIONS,
  ...BATCH_OPTIONS,
  ...ENGINE_OPTIONS,
  ...CACHE_OPTIONS,
});

/** The settings among `table`'s options; variables of other programs' are none. */
export function settingsOf(table: OptionTable): OptionTable {
  return Object.fromEntries(Object.entries(table).filter(([, { env }]) => env?.startsWith("TURNWISE_") === true));
}
