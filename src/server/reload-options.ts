/** Which of the server's options a running one can take; the rows of the option table say so. */

import { camelCase } from "../base/option-parse.ts";
import type { OptionRow } from "../base/option-table.ts";
import { SERVER_OPTIONS } from "./options.ts";
import type { ServerOptions } from "./options.ts";

export interface ReloadedOptions {
  /** `current` with the wanted values of all options that can change. */
  readonly taken: ServerOptions;
  /** Names of options that would have to change, but cannot. */
  readonly kept: readonly string[];
}

export function reloadOptions(current: ServerOptions, wanted: ServerOptions): ReloadedOptions {
  const values: Record<string, unknown> = { ...current };
  const kept: string[] = [];
  for (const [name, row] of Object.entries<OptionRow>(SERVER_OPTIONS)) {
    const key = camelCase(name) as keyof ServerOptions;
    if (row.reload === true) values[key] = wanted[key];
    else if (wanted[key] !== current[key]) kept.push(name);
  }
  return { taken: values as unknown as ServerOptions, kept };
}
