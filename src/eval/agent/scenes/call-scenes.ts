/** Requests that one call or several independent ones answer. */

import { assistantCalls, assistantSays, toolSays, userSays, type ExpectedCall, type Step } from "../conversation.ts";
import type { Draw } from "../draw.ts";
import { drawCall, type BoundTool, type Call } from "../intent.ts";
import { writePhrase } from "../phrase.ts";
import {
  capital,
  clientJson,
  errorText,
  spacedJson,
  speak,
  writeAnswer,
  writeClause,
  writeRequest,
  writeResult,
} from "./speech.ts";

export const expected = ({ bound, args }: Call): ExpectedCall => ({ name: bound.name, args });

/** Calls until one can be said; a tool all of whose slots have phrases gives one soon. */
export function drawSayable(bound: BoundTool, draw: Draw): { readonly call: Call; readonly request: string } | null {
  for (let attempt = 0; attempt < 12; attempt += 1) {
    const call = drawCall(bound, draw);
    const request = writeRequest(call, draw);
    if (request !== null) return { call, request };
  }
  return null;
}

/** The call, what the tool gives back, and the answer; now and then an error. */
export function carryOut(calls: readonly Call[], draw: Draw): readonly Step[] {
  if (calls.length === 1 && draw.chance(0.1)) {
    const error = errorText(draw);
    const content = draw.chance(0.7)
      ? clientJson({ error }, draw)
      : draw.chance(0.5)
        ? `Error: ${error}`
        : clientJson({ ok: false, message: error }, draw);
    return [
      assistantCalls(calls.map(expected)),
      toolSays(content),
      assistantSays(`That did not work: ${error}.`, [error]),
    ];
  }
  const outcomes = calls.map((call) => {
    const fields = call.bound.intent.results(draw, call.args);
    return { result: writeResult(fields, draw), answer: writeAnswer(call, fields) };
  });
  return [
    assistantCalls(calls.map(expected)),
    ...outcomes.map(({ result }) => toolSays(result)),
    assistantSays(
      outcomes.map(({ answer }) => answer.text).join(" "),
      outcomes.flatMap(({ answer }) => answer.contains),
    ),
  ];
}

/** One call, sometimes followed by the same with another value. */
export function singleScene(bound: BoundTool, draw: Draw): readonly Step[] | null {
  const said = drawSayable(bound, draw);
  if (said === null) return null;
  const first = [userSays(said.request), ...carryOut([said.call], draw)];
  return draw.chance(0.4) ? [...first, ...followUp(said.call, draw)] : first;
}

/** "And in Bergen?": all other arguments stay. */
function followUp({ bound, args, texts }: Call, draw: Draw): readonly Step[] {
  const { followUp: rule } = bound.intent;
  const slot = bound.slots.find(({ key }) => key === rule?.slot);
  if (rule === undefined || slot === undefined || texts[slot.key] === undefined) return [];
  const value = slot.kind.make(draw, slot.schema);
  if (value.text === texts[slot.key]) return [];
  const next: Call = {
    bound,
    args: { ...args, [slot.name]: value.json },
    texts: { ...texts, [slot.key]: value.text },
  };
  return [userSays(writePhrase(rule.phrase, { [slot.key]: value.text }, draw)), ...carryOut([next], draw)];
}

/** Two or three requests in one message. */
export function parallelScene(tools: readonly BoundTool[], draw: Draw): readonly Step[] | null {
  const first = draw.pick(tools);
  const inOne = draw.chance(0.5) ? sameWithTwo(first, draw) : null;
  if (inOne !== null) return inOne;
  const chosen = [first, draw.pick(tools), ...(draw.chance(0.2) ? [draw.pick(tools)] : [])];
  const calls: Call[] = [];
  const clauses: string[] = [];
  for (const bound of chosen) {
    const call = drawCall(bound, draw);
    const clause = writeClause(call, draw);
    if (clause === null || calls.some((other) => sameCall(other, call))) return null;
    calls.push(call);
    clauses.push(clause);
  }
  return [userSays(joinClauses(clauses, draw)), ...carryOut(calls, draw)];
}

const sameCall = (one: Call, other: Call): boolean =>
  one.bound === other.bound && spacedJson(one.args) === spacedJson(other.args);

function joinClauses(clauses: readonly string[], draw: Draw): string {
  const last = clauses.at(-1) ?? "";
  const others = clauses.slice(0, -1);
  switch (draw.int(0, 3)) {
    case 0:
      return `${others.map(capital).join(". ")}. ${draw.pick(["Also", "And", "Then"])} ${last}.`;
    case 1:
      return `${clauses.map(capital).join(". ")}.`;
    case 2:
      return speak(`${others.join(", ")}, ${draw.pick(["and", "and also", "and then"])} ${last}`, draw);
    default:
      return speak(`${others.join(", ")} and ${last}`, draw);
  }
}

/** "the weather in Oslo and Bergen" */
function sameWithTwo(bound: BoundTool, draw: Draw): readonly Step[] | null {
  const key = bound.intent.followUp?.slot;
  const slot = bound.slots.find((candidate) => candidate.key === key);
  if (slot === undefined || slot.schema["type"] === "array") return null;
  const call = drawCall(bound, draw);
  const other = slot.kind.make(draw, slot.schema);
  if (other.text === call.texts[slot.key]) return null;
  const both = `${call.texts[slot.key]} and ${other.text}`;
  const request = writeRequest({ bound, texts: { ...call.texts, [slot.key]: both } }, draw);
  if (request === null) return null;
  const second: Call = {
    bound,
    args: { ...call.args, [slot.name]: other.json },
    texts: { ...call.texts, [slot.key]: other.text },
  };
  return [userSays(request), ...carryOut([call, second], draw)];
}

/** A required argument is missing: a question, the user's reply, and the call. */
export function missingScene(bound: BoundTool, draw: Draw): readonly Step[] | null {
  const askable = bound.slots.filter(({ optional, ask }) => optional !== true && ask !== undefined);
  if (askable.length === 0) return null;
  const missing = draw.pick(askable);
  const call = drawCall(bound, draw);
  const { [missing.key]: value, ...texts } = call.texts;
  const request = writeRequest({ bound, texts }, draw);
  // A slot that is said by another's words would not be missing.
  if (request === null || value === undefined || missing.ask === undefined) return null;
  const reply = writePhrase(missing.reply ?? `{${missing.key}}`, { [missing.key]: value }, draw);
  return [userSays(request), assistantSays(missing.ask), userSays(reply), ...carryOut([call], draw)];
}
