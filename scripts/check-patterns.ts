/** Checks that source files hold none of the patterns below; each row says why. */

import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");

interface ForbiddenPattern {
  readonly pattern: RegExp;
  readonly reason: string;
  /** Comments may name it. */
  readonly inCode: boolean;
  /** Whether a file, by its path from the root, is checked for it. */
  readonly applies: (path: string) => boolean;
}

const isSource = (path: string): boolean =>
  path.startsWith("src/") && path.endsWith(".ts") && !path.endsWith(".test.ts");

const FORBIDDEN: readonly ForbiddenPattern[] = [
  {
    pattern: /\bthrow new Error\(/,
    reason: "every error a user can meet is a row of src/base/errors.ts: use fail(), turnwiseError() or invariant()",
    inCode: true,
    applies: isSource,
  },
  {
    pattern: /\bconsole\.\w+\(/,
    reason: "only commands and benches write to the terminal, and they name the stream",
    inCode: true,
    applies: (path) => isSource(path) && !path.startsWith("src/bench/"),
  },
  {
    pattern: /(?<![\w.])\/(?:home|root|Users|work)\/[\w.-]+/,
    reason: "a path of one machine",
    inCode: false,
    applies: (path) => path !== "scripts/check-patterns.ts",
  },
  {
    pattern: /^\s*(?:export\s+)?(?:const\s+)?enum\s|^\s*(?:export\s+)?namespace\s/,
    reason: "erasable syntax only: Node runs these files by stripping types",
    inCode: true,
    applies: (path) => path.endsWith(".ts"),
  },
  {
    pattern: /\b(?:it|test|describe)\.only\(/,
    reason: "the other tests would not run",
    inCode: true,
    applies: (path) => path.endsWith(".test.ts"),
  },
];

const COMMENT = /^\s*(?:\*|\/\/|\/\*)/;

const FOLDERS = ["src", "test", "scripts", "native", "docs", "training", "bench", "models", "deploy", ".ci"];
const TEXT_FILE = /(?:\.(?:ts|mjs|py|cc|h|md|json|txt|jinja|service)|\/run|\/Containerfile)$/;

function textFiles(): readonly string[] {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true }).map((name) => `${folder}/${String(name)}`),
  );
  const atRoot = readdirSync(ROOT).filter((name) => name.endsWith(".md") || name === "package.json");
  return [...inFolders, ...atRoot].filter(
    (path) =>
      (TEXT_FILE.test(path) || atRoot.includes(path)) &&
      !path.includes("node_modules/") &&
      // What bench/peers builds its peers in.
      !path.includes("/build/") &&
      statSync(join(ROOT, path)).isFile(),
  );
}

const paths = textFiles();
let found = 0;
for (const path of paths) {
  const rows = FORBIDDEN.filter(({ applies }) => applies(path));
  for (const [index, line] of readFileSync(join(ROOT, path), "utf8").split("\n").entries()) {
    for (const { pattern, reason, inCode } of rows) {
      if (!pattern.test(line) || (inCode && COMMENT.test(line))) continue;
      console.error(`${path}:${index + 1}: ${line.trim()}\n  ${reason}`);
      found += 1;
    }
  }
}
console.log(`${paths.length} files, ${found} forbidden patterns`);
process.exitCode = found === 0 ? 0 : 1;
