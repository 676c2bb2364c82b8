/**
 * The program as few files: dist/program/main.js with a file for what commands share, and one file for each of the
 * engine's threads. Node takes about a millisecond to load a module, and a start loads four hundred. What tsc writes
 * beside it is the library.
 */

import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const ROOT = resolve(import.meta.dirname, "..");
const OUTPUT = join(ROOT, "dist", "program");
const THREADS = ["step-worker", "text-worker", "mask-worker"];

/** @type {import("esbuild").BuildOptions} */
const OPTIONS = {
  absWorkingDir: ROOT,
  outdir: OUTPUT,
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20",
  logLevel: "warning",
};

/** Throws where esbuild cannot; it has said why by then. */
export async function bundle() {
  // Shared files are named by what is in them: those of the last time would stay.
  rmSync(OUTPUT, { recursive: true, force: true });
  // A thread loads all that it has at once, so its file shares nothing with others.
  const threads = THREADS.map((name) => build({ ...OPTIONS, entryPoints: [`src/engine/threads/${name}.ts`] }));
  await Promise.all([build({ ...OPTIONS, entryPoints: ["src/cli/main.ts"], splitting: true }), ...threads]);
}

if (process.argv[1] === import.meta.filename) await bundle();
