/**
 * Checks that imports of src/ point one way: a file imports its own layer and those below, never a
 * sibling nor one above; no files import each other in a circle; only native/ loads a .node file.
 */

import { readFileSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const SRC = join(ROOT, "src");

/** Lowest first; those in one row are siblings. */
const LAYERS: readonly (readonly string[])[] = [
  ["base"],
  ["formats", "text", "graph", "report"],
  ["models", "compile", "hub"],
  ["native"],
  ["packs"],
  ["engine"],
  ["turns"],
  ["cost"],
  ["server"],
  ["agent"],
  ["bench"],
  ["eval"],
  ["cli"],
];

/** The public API assembles the engine for library users; nothing inside imports it. */
const ENTRY = "index.ts";

const rankOf = new Map(LAYERS.flatMap((names, rank) => names.map((name) => [name, rank] as const)));

interface SourceFile {
  /** From src/, with forward slashes. */
  readonly path: string;
  readonly imports: readonly { readonly target: string; readonly typeOnly: boolean }[];
  readonly text: string;
}

function readSources(): readonly SourceFile[] {
  const names = readdirSync(SRC, { recursive: true }).map((name) => String(name));
  const paths = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
  return paths.toSorted().map((path) => {
    const text = readFileSync(join(SRC, path), "utf8");
    return { path, text, imports: importsOf(path, text) };
  });
}

/** Relative imports and exports of a file, static and dynamic. Imports of packages have no layer. */
function importsOf(path: string, text: string): SourceFile["imports"] {
  const found: { target: string; typeOnly: boolean }[] = [];
  const statement = /(?:^|\n)\s*(import|export)(\s+type)?\s(?:[^;"'`]*?\bfrom\s)?\s*["'](\.[^"']+)["']/g;
  for (const match of text.matchAll(statement)) {
    found.push({ target: targetOf(path, match[3] ?? ""), typeOnly: match[2] !== undefined });
  }
  for (const match of text.matchAll(/\bimport\(\s*["'](\.[^"']+)["']/g)) {
    found.push({ target: targetOf(path, match[1] ?? ""), typeOnly: false });
  }
  return found;
}

const targetOf = (from: string, specifier: string): string =>
  relative(SRC, resolve(SRC, from, "..", specifier)).replaceAll("\\", "/");

const layerOf = (path: string): string => path.split("/")[0] ?? "";

function layerProblems(files: readonly SourceFile[]): string[] {
  const problems: string[] = [];
  for (const { path, imports } of files) {
    if (path === ENTRY) continue;
    const layer = layerOf(path);
    const rank = rankOf.get(layer);
    if (rank === undefined) {
      problems.push(`src/${path}: ${layer} is not a layer; add it to scripts/check-layers.ts where it belongs`);
      continue;
    }
    for (const { target } of imports) {
      // Tests beside the source may use what test/support makes for all of them.
      if (path.endsWith(".test.ts") && target.startsWith("../test/support/")) continue;
      if (target.startsWith("../")) problems.push(`src/${path} imports ${target.slice(3)}, outside src/`);
      else problems.push(...crossing(path, layer, rank, target));
    }
  }
  return problems;
}

function crossing(path: string, layer: string, rank: number, target: string): readonly string[] {
  const targetLayer = layerOf(target);
  if (targetLayer === layer) return [];
  const targetRank = rankOf.get(targetLayer);
  if (targetRank === undefined) return [`src/${path} imports src/${target}, which is in no layer`];
  if (targetRank < rank) return [];
  return [
    `src/${path} imports src/${target}: ${targetLayer} is ${targetRank === rank ? "a sibling of" : "above"} ${layer}`,
  ];
}

/** Circles of imports that exist at run time; types may refer to each other. */
function cycleProblems(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const state = new Map<string, "open" | "done">();
  const problems: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      problems.push(`circle: ${[...trail.slice(trail.indexOf(path)), path].map((name) => `src/${name}`).join(" -> ")}`);
      return;
    }
    state.set(path, "open");
    for (const { target, typeOnly } of byPath.get(path)?.imports ?? []) {
      if (!typeOnly && byPath.has(target)) visit(target, [...trail, path]);
    }
    state.set(path, "done");
  };
  for (const { path } of files) visit(path, []);
  return problems;
}

function addonProblems(files: readonly SourceFile[]): string[] {
  return files
    .filter(
      ({ path, text }) =>
        layerOf(path) !== "native" && !path.endsWith(".test.ts") && /\bdlopen\(|createRequire\(/.test(text),
    )
    .map(({ path }) => `src/${path} loads a binary; only src/native may`);
}

const files = readSources();
const problems = [...layerProblems(files), ...cycleProblems(files), ...addonProblems(files)];
for (const problem of problems) console.error(problem);
const importCount = files.reduce((sum, { imports }) => sum + imports.length, 0);
console.log(`${files.length} files, ${importCount} imports between them, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
