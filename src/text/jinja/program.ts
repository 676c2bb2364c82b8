/**
 * A small Jinja: the language of chat templates, with Python's values and messages, in bounds. What
 * reaches outside of one template (include, import, inheritance) is not there; nor is automatic escaping.
 * Source: https://jinja.palletsprojects.com/en/stable/templates/
 */

import { fail, TurnwiseError } from "../../base/errors.ts";
import { Budget } from "./budget.ts";
import { fromPlain } from "./from-plain.ts";
import { createGlobals } from "./globals.ts";
import { TEMPLATE_LIMITS, type TemplateLimits } from "./limits.ts";
import { parseTemplate } from "./parse-template.ts";
import { Renderer } from "./renderer.ts";
import { Scope } from "./scope.ts";
import { JinjaSyntaxError } from "./syntax-error.ts";
import { JinjaError } from "./values.ts";

/** Characters of a message that are shown: raise_exception may be given as much as a prompt has. */
const MAX_REASON = 2000;

export interface JinjaProgram {
  /**
   * The text for variables of plain data. Throws `template_failed` with the message that Python has.
   * `now` is what strftime_now shows.
   */
  run(variables: Readonly<Record<string, unknown>>, now: Date): string;
}

/** Throws `template_invalid`. */
export function parseJinja(source: string, limits: TemplateLimits = TEMPLATE_LIMITS): JinjaProgram {
  if (source.length > limits.sourceUnits) {
    const reason = `it has ${source.length} characters; at most ${limits.sourceUnits} are read.`;
    fail("template_invalid", { reason });
  }
  const body = typed("template_invalid", () => parseTemplate(source));
  return {
    run(variables, now) {
      return typed("template_failed", () => {
        const budget = new Budget(limits);
        const given = Object.entries(variables).filter(([, value]) => value !== undefined);
        const scope = new Scope(null, createGlobals(now, budget));
        for (const [name, value] of given) scope.set(name, fromPlain(value, budget));
        return new Renderer(budget).render(body, new Scope(scope));
      });
    },
  };
}

/** This language's own errors, and a stack that grew too large, as `code`. */
function typed<T>(code: "template_invalid" | "template_failed", run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof JinjaError || error instanceof JinjaSyntaxError) {
      throw new TurnwiseError(code, { reason: error.message.slice(0, MAX_REASON) }, error);
    }
    if (error instanceof RangeError) throw new TurnwiseError(code, { reason: "it nests too deep" }, error);
    throw error;
  }
}
