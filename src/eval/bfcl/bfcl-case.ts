/**
 * The Berkeley Function-Calling Leaderboard's single-turn cases in Python's types: a question, the functions
 * that may be called, and the calls that are right (https://gorilla.cs.berkeley.edu/leaderboard.html).
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fail } from "../../base/errors.ts";

/** A parameter, or an object of them, with types by Python's names. */
export interface BfclSchema {
  readonly type?: string | undefined;
  readonly properties?: Readonly<Record<string, BfclSchema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: BfclSchema | undefined;
  readonly [keyword: string]: unknown;
}

export interface BfclFunction {
  readonly name: string;
  readonly description: string;
  readonly parameters: BfclSchema;
}

/** The right values of each argument; "" among them: it may be left out. */
export type RightArguments = Readonly<Record<string, readonly unknown[]>>;

export interface BfclCase {
  readonly id: string;
  readonly category: string;
  readonly messages: readonly { readonly role: "system" | "user"; readonly content: string }[];
  readonly functions: readonly BfclFunction[];
  /** The calls of a right answer, each a function's name with its arguments. */
  readonly answers: readonly Readonly<Record<string, RightArguments>>[];
}

const question = z.object({
  id: z.string(),
  question: z.array(z.array(z.object({ role: z.literal(["system", "user"]), content: z.string() }))).length(1),
  function: z
    .array(z.object({ name: z.string(), description: z.string(), parameters: z.record(z.string(), z.unknown()) }))
    .min(1),
});
const answer = z.object({
  id: z.string(),
  ground_truth: z.array(z.record(z.string(), z.record(z.string(), z.array(z.unknown())))).min(1),
});

/** `BFCL_v4_simple_python.json`; Java and JavaScript write values as text in their own syntax. */
const CASES_FILE = /^BFCL_v\d+_(?!.*java)(\w+)\.json$/;

/** All cases of `folder` that have answers, at most `limit` of each category. Throws `file_unreadable`, `cases_invalid`. */
export function readBfclCases(folder: string, limit: number): BfclCase[] {
  const cases = listFolder(folder).flatMap((name) => {
    const category = CASES_FILE.exec(name)?.[1];
    const answers = category === undefined ? undefined : answersFile(folder, name, category);
    if (category === undefined || answers === undefined) return [];
    const right = new Map(readLines(answers, answer).map(({ id, ground_truth: calls }) => [id, calls]));
    const path = join(folder, name);
    return readLines(path, question, limit).map(({ id, question: [messages = []], function: functions }): BfclCase => {
      const calls = right.get(id) ?? fail("cases_invalid", { path: answers, problem: `it has no answer to ${id}` });
      return { id, category, messages, functions, answers: calls };
    });
  });
  if (cases.length > 0) return cases;
  return fail("cases_invalid", { path: folder, problem: "it has no BFCL_v4_CATEGORY.json with its answers" });
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch (error) {
    return fail("file_unreadable", { path: folder, reason: error instanceof Error ? error.message : String(error) });
  }
}

/** As the leaderboard has it, below, or beside the cases. */
function answersFile(folder: string, name: string, category: string): string | undefined {
  return [join(folder, "possible_answer", name), join(folder, `answers_${category}.json`)].find((path) =>
    existsSync(path),
  );
}

/** One JSON object a line. */
function readLines<Schema extends z.ZodType>(path: string, schema: Schema, limit = Infinity): z.output<Schema>[] {
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.slice(0, limit).map((line, index) => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      const problem = `line ${index + 1} is no JSON: ${error instanceof Error ? error.message : String(error)}`;
      return fail("cases_invalid", { path, problem });
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const problem = `line ${index + 1} is no case of one turn: ${z.prettifyError(parsed.error)}`;
    return fail("cases_invalid", { path, problem });
  });
}
