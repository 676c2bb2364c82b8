/** How users put a request, and how results are written and reported. */

import { splitOf, type Draw } from "../draw.ts";
import { fittingPhrases, type Call, type Fields } from "../intent.ts";
import { fillPhrase, slotsOf, writePhrase } from "../phrase.ts";
import { sayJson, type Json } from "../values/value.ts";

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const FORMS = [
  "{Clause}.",
  "{Clause}.",
  "{Clause}",
  "{clause}",
  "{Clause}, please.",
  "Please {clause}.",
  "please {clause}",
  "Can you {clause}?",
  "Could you {clause}?",
  "could you please {clause}?",
  "Would you {clause}?",
  "I need you to {clause}.",
  "I want you to {clause}.",
  "I'd like you to {clause}.",
  "(Hi|Hello|Hey), {clause}.",
  "(Hi|Hello|Hey), can you {clause}?",
  "(OK|Now|Next|Then|Good), {clause}.",
  "pls {clause}",
  "plaese {clause}",
  "can yuo {clause}?",
];

/** A whole request from an imperative clause. */
export function speak(clause: string, draw: Draw): string {
  return writePhrase(draw.pick(FORMS), { clause, Clause: capital(clause) }, draw);
}

/** The request for a call; null where no phrase says just what the call holds. */
export function writeRequest({ bound, texts }: Pick<Call, "bound" | "texts">, draw: Draw): string | null {
  const questions = fittingPhrases(bound.intent.questions ?? [], texts);
  if (questions.length > 0 && draw.chance(0.4)) {
    const phrase = draw.pick(questions);
    const question = writePhrase(phrase, texts, draw);
    // A name at the beginning keeps its capital.
    return draw.chance(0.2) && /^\(?[A-Z]/.test(phrase) ? lowerFirst(question) : question;
  }
  const clause = writeClause({ bound, texts }, draw);
  return clause === null ? null : speak(clause, draw);
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

export function writeClause({ bound, texts }: Pick<Call, "bound" | "texts">, draw: Draw): string | null {
  const clauses = fittingPhrases(bound.intent.clauses, texts);
  return clauses.length === 0 ? null : writePhrase(draw.pick(clauses), texts, draw);
}

/** JSON as Python writes it and chat templates do: a space after each comma and colon. */
export function spacedJson(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(spacedJson).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${spacedJson(member)}`);
    return `{${members.join(", ")}}`;
  }
  return JSON.stringify(value);
}

/** JSON as one or another client writes it. */
export const clientJson = (value: Json, draw: Draw): string =>
  draw.chance(0.5) ? spacedJson(value) : JSON.stringify(value);

/** What the tool's message holds: an object, or the bare value where there is one. */
export function writeResult(fields: Fields, draw: Draw): string {
  const [only, ...others] = Object.values(fields);
  if (only !== undefined && others.length === 0 && draw.chance(0.35)) return sayJson(only.json);
  return writeFields(fields, draw);
}

/** The object, even where one bare value would do. */
export const writeFields = (fields: Fields, draw: Draw): string =>
  clientJson(Object.fromEntries(Object.entries(fields).map(([name, { json }]) => [name, json])), draw);

/** The answer, and the result's texts that are in it. */
export function writeAnswer(
  call: Call,
  fields: Fields,
): { readonly text: string; readonly contains: readonly string[] } {
  const said = Object.fromEntries(Object.entries(fields).map(([name, { text }]) => [name, text]));
  const { answer } = call.bound.intent;
  const text = fillPhrase(answer, { ...call.texts, ...said });
  const used = [...slotsOf(answer).always].filter((key) => said[key] !== undefined);
  return { text, contains: used.map((key) => said[key] ?? "") };
}

/** Phrases of errors that belong to the draw's split. */
export function errorText(draw: Draw): string {
  return draw.fresh(
    () => `${draw.pick(ERROR_SUBJECTS)} ${draw.pick(ERROR_PROBLEMS)}`,
    (text) => `error ${splitOf(text)} ${text}`,
  );
}

const ERROR_SUBJECTS =
  "service server connection request entry record account id value device name network database".split(" ");
const ERROR_PROBLEMS = [
  "not found",
  "timed out",
  "unavailable",
  "is not valid",
  "was refused",
  "is locked",
  "failed",
  "is offline",
  "unknown",
  "too large",
];
