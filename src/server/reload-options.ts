/** Which options a running server can take; the rows of their table say so. */

import { isDeepStrictEqual } from "node:util";
import { camelCase } from "../base/option-parse.ts";
import type { OptionTable, OptionValues } from "../base/option-table.ts";

export interface ReloadedOptions<Values> {
  /** `current` with the wanted values of all options of the table that can change. */
  readonly taken: Values;
  /** Names of options that would have to change, but cannot. */
  readonly kept: readonly string[];
}

export function reloadOptions<Table extends OptionTable, Values extends OptionValues<Table>>(
  table: Table,
  current: Values,
  wanted: Values,
): ReloadedOptions<Values> {
  const taken: Record<string, unknown> = { ...current };
  const kept: string[] = [];
  for (const [name, row] of Object.entries(table)) {
    const key = camelCase(name) as keyof Values & string;
    if (row.reload === true) taken[key] = wanted[key];
    else if (!isDeepStrictEqual(wanted[key], current[key])) kept.push(name);
  }
  return { taken: taken as Values, kept };
}
