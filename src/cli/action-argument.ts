/** The ACTION of commands that do several things to one kind of object: `turnwise models ls`. */

import { fail } from "../base/errors.ts";
import { nearestName } from "../base/nearest-name.ts";

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
