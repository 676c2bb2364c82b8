/** The ACTION of commands that do several things to one kind of object: `turnwise models ls`. */

import { fail } from "../base/errors.ts";
import { nearestName } from "../base/nearest-name.ts";
import { camelCase, flagOf } from "../base/option-parse.ts";
import type { OptionTable } from "../base/option-table.ts";

/** `given` as one of `actions`; throws `unknown_command` with the nearest. */
export function requireAction<Action extends string>(
  command: string,
  given: string,
  actions: readonly Action[],
): Action {
  const found = actions.find((action) => action === given);
  if (found !== undefined) return found;
  const nearest = nearestName(given, actions);
  const hint = ` ${nearest === null ? `Actions: ${actions.join(", ")}.` : `Did you mean turnwise ${command} ${nearest}?`}`;
  return fail("unknown_command", { command: `turnwise ${command} ${given}`, hint });
}

/** Throws `invalid_option` where an option that is another action's was given. `action` is "models ls". */
export function refuseOptions(action: string, table: OptionTable, values: Readonly<Record<string, unknown>>): void {
  for (const [name, row] of Object.entries(table)) {
    if (values[camelCase(name)] === row.default) continue;
    fail("invalid_option", { option: flagOf(name), problem: `turnwise ${action} does not take it.` });
  }
}
