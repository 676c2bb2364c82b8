/**
 * Checks what the documents point at: links and the files they name exist, `npm run` scripts exist,
 * and every `turnwise` command line in a code block uses commands and options that exist.
 */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { TurnwiseError } from "../src/base/errors.ts";
import { allCommands } from "../src/cli/commands.ts";
import { parseArguments } from "../src/cli/parse-arguments.ts";

const ROOT = resolve(import.meta.dirname, "..");
const COMMANDS = await allCommands();
/** Commands that npm has without a script. */
const NPM_COMMANDS = new Set(["install", "ci", "start", "test", "run"]);

/** Folders that hold documents, at any depth. */
const FOLDERS = ["docs", "models", "training", "bench"];

const documents = [
  ...readdirSync(ROOT),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true }).map((name) => `${folder}/${String(name)}`),
  ),
]
  .filter((name) => name.endsWith(".md") && !/node_modules\/|\/build\//.test(name))
  .toSorted();

const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** GitHub's id of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

function anchorsOf(path: string): ReadonlySet<string> {
  const headings = readFileSync(path, "utf8").matchAll(/^#+ (.+)$/gm);
  return new Set([...headings].map(([, heading = ""]) => anchorOf(heading)));
}

function linkProblems(document: string, text: string): readonly string[] {
  const problems: string[] = [];
  for (const [, target = ""] of text.matchAll(/\]\(([^)\n]*)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    if (target === "" || /\s/.test(target)) {
      problems.push(`${document}: the link (${target}) is no link: a target is not empty and has no white space`);
      continue;
    }
    const [file = "", anchor] = target.split("#");
    const path = file === "" ? join(ROOT, document) : resolve(ROOT, dirname(document), file);
    if (!existsSync(path)) problems.push(`${document}: the link ${target} leads nowhere`);
    else if (anchor !== undefined && !anchorsOf(path).has(anchor)) {
      problems.push(`${document}: the link ${target} names a heading that is not there`);
    }
  }
  return problems;
}

/** "src/models/FAMILY.ts" */
const PLACEHOLDER = /\/[A-Z]+(?:\.\w+)?$/;

/** Paths in backticks that begin at a folder of this repository; those with a PLACEHOLDER are examples. */
function pathProblems(document: string, text: string): readonly string[] {
  const paths = [...text.matchAll(/`((?:src|native|test|scripts|docs|models|training|bench|deploy)\/[\w./-]+)`/g)].map(
    ([, path = ""]) => path,
  );
  const real = paths.filter((path) => !PLACEHOLDER.test(path));
  return real.filter((path) => !existsSync(join(ROOT, path))).map((path) => `${document}: there is no ${path}`);
}

function commandProblems(document: string, text: string): readonly string[] {
  const blocks = [...text.matchAll(/```(?:sh|bash|console)\n([^]*?)```/g)].map(([, block = ""]) => block);
  const inline = [...text.matchAll(/`((?:npm|npx|turnwise) [^`]+)`/g)].map(([, line = ""]) => line);
  const lines = [...blocks.flatMap((block) => block.replaceAll("\\\n", " ").split("\n")), ...inline];
  return lines
    .flatMap((line) => [...npmProblems(line), ...turnwiseProblems(line)])
    .map((problem) => `${document}: ${problem}`);
}

function npmProblems(line: string): readonly string[] {
  const problems: string[] = [];
  for (const [, command = "", script = ""] of line.matchAll(/\bnpm ([a-z]+)(?: ([\w:-]+))?/g)) {
    if (!NPM_COMMANDS.has(command)) problems.push(`npm ${command} is not used in this project`);
    if (command === "run" && scripts[script] === undefined) problems.push(`there is no script "npm run ${script}"`);
  }
  return problems;
}

/** Parses the words after `turnwise`; values are not checked, as they may be placeholders. */
function turnwiseProblems(line: string): readonly string[] {
  const start = /(?:^|[|&;] *|npx |[A-Z_]+=\S+ )turnwise ([^|&;#<>\n]*)/.exec(line.trim());
  if (start?.[1] === undefined || /[[\]]|\bCOMMAND\b/.test(start[1])) return [];
  const words = [...start[1].matchAll(/"[^"]*"|'[^']*'|\S+/g)].map(([word]) => word);
  try {
    parseArguments(COMMANDS, "0", words, 100);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof TurnwiseError)) throw thrown;
    return thrown.code === "missing_argument" ? [] : [`"turnwise ${words.join(" ")}": ${thrown.message}`];
  }
}

const problems = documents.flatMap((document) => {
  const text = readFileSync(join(ROOT, document), "utf8");
  return [...linkProblems(document, text), ...pathProblems(document, text), ...commandProblems(document, text)];
});
for (const problem of problems) console.error(problem);
console.log(`${documents.length} documents, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
