/** A matcher as the step loop's constraint. */

import { invariant } from "../../base/invariant.ts";
import type { Matcher } from "../../text/grammar/matcher.ts";
import type { Constraint } from "./active-order.ts";

export function matcherConstraint(matcher: Matcher): Constraint {
  return {
    fill(words) {
      matcher.fillMask(words);
      return true;
    },
    accept(token) {
      invariant(matcher.accept(token), "a token that the mask allows is accepted");
    },
    get isFinished() {
      return matcher.isFinished;
    },
  };
}
