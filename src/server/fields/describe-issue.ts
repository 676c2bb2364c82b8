/** A zod issue in the words of the error table: where in the field, and what is wrong with it. */

import type { z } from "zod";
import { invariant } from "../../base/invariant.ts";

type Issue = z.core.$ZodIssue;

export interface DescribedIssue {
  /** "[0].content", or "" for the field itself. */
  readonly path: string;
  readonly problem: string;
}

/** The first of `issues`; of a union's branches the one that got furthest into the value. */
export function describeIssue(issues: readonly Issue[], value: unknown): DescribedIssue {
  const [first] = issues;
  invariant(first !== undefined, "a failed validation has an issue");
  const { path, issue } = deepest(first, []);
  return { path: formatPath(path), problem: describe(issue, valueAt(value, path)) };
}

interface Located {
  readonly path: readonly PropertyKey[];
  readonly issue: Issue;
}

function deepest(issue: Issue, prefix: readonly PropertyKey[]): Located {
  const path = [...prefix, ...issue.path];
  if (issue.code !== "invalid_union") return { path, issue };
  let best: Located = { path, issue };
  for (const branch of issue.errors) {
    const [first] = branch;
    if (first === undefined) continue;
    const candidate = deepest(first, path);
    if (candidate.path.length > best.path.length) best = candidate;
  }
  return best;
}

function describe(issue: Issue, value: unknown): string {
  if (issue.code === "invalid_type" && value === undefined) return "is required";
  // zod writes "Invalid input: expected number, received string" and "Too big: expected ...".
  const text = issue.message.replace(/^(Invalid input|Invalid option|Too big|Too small): /, "");
  return text === "Invalid input" ? "has a form that is not accepted" : text;
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current: unknown = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}
