/** The checkout's Turnwise as a command, what build of it that is, and the files of random weights that it writes. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileNameOf } from "./kernel-targets.mjs";

export const ROOT = resolve(import.meta.dirname, "../..");
export const TURNWISE = join(ROOT, "dist", "program", "main.js");
/** What the peers write; not part of the repository. */
export const BUILD = join(import.meta.dirname, "build");

export function turnwise(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TURNWISE, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`turnwise ${args.join(" ")}: ${stderr}`);
  return stdout;
}

export const doctor = () => JSON.parse(turnwise(["doctor", "--json"]));

/**
 * What Turnwise's figures depend on, of what `doctor` says: its version, and hashes of the program and the native core,
 * which a rebuild changes.
 */
export function turnwiseIdentity({ version, native }) {
  const program = join(ROOT, "dist", "program");
  const files = readdirSync(program).filter((name) => name.endsWith(".js"));
  return {
    turnwise: version,
    program: hashOf(files.toSorted().map((name) => join(program, name))),
    "native core": native.path === null ? "none" : hashOf([native.path]),
    isa: native.isa ?? "none",
  };
}

function hashOf(paths) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest("hex").slice(0, 12);
}

/** The path of a file that is written once and kept. */
export function syntheticModel(name, log) {
  const path = join(BUILD, fileNameOf(name));
  if (existsSync(path)) return path;
  mkdirSync(BUILD, { recursive: true });
  log(`writing ${path}`);
  turnwise(["synth", name, path]);
  return path;
}
