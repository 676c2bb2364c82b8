/** The checkout's Turnwise as a command, and the files of random weights that it writes. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");
export const TURNWISE = join(ROOT, "dist", "program", "main.js");
/** What the peers write; not part of the repository. */
export const BUILD = join(import.meta.dirname, "build");

export function turnwise(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TURNWISE, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`turnwise ${args.join(" ")}: ${stderr}`);
  return stdout;
}

export const turnwiseJson = (args) => JSON.parse(turnwise(args));

/** The path of a file that is written once and kept. */
export function syntheticModel(name, log) {
  const path = join(BUILD, `${name.replace(":", "-")}.gguf`);
  if (existsSync(path)) return path;
  mkdirSync(BUILD, { recursive: true });
  log(`writing ${path}`);
  turnwise(["synth", name, path]);
  return path;
}
