/** Judges a reply by what the conversation wants there. A score that does not apply is null. */

import type { Decision, ExpectedCall } from "../conversation.ts";
import type { Json } from "../values/value.ts";
import type { Reply, ReplyCall } from "./read-reply.ts";

export const SCORES = ["wellFormed", "rightTool", "exactArguments", "noCall", "resultInAnswer"] as const;
export type ScoreName = (typeof SCORES)[number];

export type Verdict = Readonly<Record<ScoreName, boolean | null>>;

const NOTHING: Verdict = {
  wellFormed: null,
  rightTool: null,
  exactArguments: null,
  noCall: null,
  resultInAnswer: null,
};

export function judge(decision: Decision, reply: Reply): Verdict {
  const called = reply.calls.length > 0 || reply.malformed;
  const verdict = { ...NOTHING, wellFormed: called ? !reply.malformed : null };
  switch (decision.kind) {
    case "call":
      return { ...verdict, ...judgeCalls(decision.calls, reply) };
    case "answer":
      return {
        ...verdict,
        noCall: !called,
        resultInAnswer: !called && decision.contains.every((text) => reply.text.includes(text)),
      };
    case "no-call":
      return { ...verdict, noCall: !called };
    default:
      return decision satisfies never;
  }
}

/** In any order: calls that stand side by side do not depend on each other. */
function judgeCalls(wanted: readonly ExpectedCall[], { calls, malformed }: Reply): Partial<Verdict> {
  const rightTool = !malformed && sameItems(wanted.map(nameOf), calls.map(nameOf));
  return { rightTool, exactArguments: rightTool && sameItems(wanted.map(canonicalCall), calls.map(canonicalCall)) };
}

const nameOf = ({ name }: ExpectedCall | ReplyCall): string => name;
const canonicalCall = ({ name, args }: ExpectedCall | ReplyCall): string => `${name} ${canonicalJson(args)}`;

function sameItems(one: readonly string[], other: readonly string[]): boolean {
  const [a, b] = [one.toSorted(), other.toSorted()];
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** Equal for equal JSON: members in order of their names, numbers by value. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value as Readonly<Record<string, Json>>).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(",")}}`;
}
