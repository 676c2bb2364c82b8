/**
 * Prints the largest source files and fails above the hard caps. The aim is far lower (about 150 lines,
 * 400 at most; C++ 500): a file that outgrows it holds two ideas.
 */

import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const SHOWN = 8;

/** Files with one of these endings may have `capLines`; above `aimLines` they are marked. */
const KINDS = [
  { name: "TypeScript", folders: ["src", "test", "scripts"], endings: [".ts", ".mjs"], aimLines: 400, capLines: 600 },
  { name: "C++", folders: ["native"], endings: [".cc", ".h"], aimLines: 500, capLines: 800 },
] as const;

function filesOf(folders: readonly string[], endings: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .map((name) => `${folder}/${String(name).replaceAll("\\", "/")}`)
      .filter((path) => endings.some((ending) => path.endsWith(ending)) && !path.includes("node_modules/")),
  );
}

function countLines(path: string): number {
  const text = readFileSync(join(ROOT, path), "utf8");
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

let failed = false;
for (const { name, folders, endings, aimLines, capLines } of KINDS) {
  const sized = filesOf(folders, endings).map((path) => ({ path, lines: countLines(path) }));
  const total = sized.reduce((sum, { lines }) => sum + lines, 0);
  console.log(`${name}: ${sized.length} files, ${total} lines; the largest:`);
  for (const { path, lines } of sized.toSorted((a, b) => b.lines - a.lines).slice(0, SHOWN)) {
    const remark =
      lines > capLines ? `ABOVE THE CAP OF ${capLines}` : lines > aimLines ? `above the aim of ${aimLines}` : "";
    console.log(`  ${String(lines).padStart(5)} ${path} ${remark}`.trimEnd());
  }
  failed ||= sized.some(({ lines }) => lines > capLines);
}
process.exitCode = failed ? 1 : 0;
