/** Models of random weights in a true shape, named SHAPE:QUANT: parsed, written, kept for benches. */

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory, writableCacheDirectory } from "../base/cache-directory.ts";
import type { Environment } from "../base/environment.ts";
import { fail } from "../base/errors.ts";
import { nearestName } from "../base/nearest-name.ts";
import { writeRandomModel } from "../models/random/random-model.ts";
import { RANDOM_QUANTS, type RandomQuant } from "../models/random/random-quants.ts";
import { RANDOM_SHAPES, type RandomShapeName } from "../models/random/random-shapes.ts";
import type { CommandContext } from "./command.ts";
import { createProgress } from "./progress.ts";
import { writeLine } from "./terminal.ts";

export interface SyntheticModel {
  readonly shape: RandomShapeName;
  readonly quant: RandomQuant;
}

/** Part of a kept file's name; a change of what is written needs a new one. */
const REVISION = 1;
const SEED = 1;

/** What SHAPE:QUANT may be. */
export const shapeAndQuantHelp = (quants: readonly string[]): string =>
  `SHAPE is one of ${Object.keys(RANDOM_SHAPES).join(", ")}; QUANT one of ${quants.join(", ")}`;

export const SYNTHETIC_HELP = shapeAndQuantHelp(RANDOM_QUANTS);

/** "llama-3.2-1b:q4_0". `source` names the option or argument in the `invalid_option` that it throws. */
export const parseSyntheticModel = (source: string, text: string): SyntheticModel =>
  parseShapeAndQuant(source, text, RANDOM_QUANTS);

/** `parseSyntheticModel` for other quantisations. */
export function parseShapeAndQuant<Quant extends string>(
  source: string,
  text: string,
  quants: readonly Quant[],
): { readonly shape: RandomShapeName; readonly quant: Quant } {
  const [shape = "", quant = "", ...rest] = text.split(":");
  if (rest.length > 0 || quant === "") {
    return fail("invalid_option", { option: source, problem: `${JSON.stringify(text)} is not SHAPE:QUANT.` });
  }
  return {
    shape: nameIn(source, "shape", Object.keys(RANDOM_SHAPES) as RandomShapeName[], shape),
    quant: nameIn(source, "quantisation", quants, quant.toLowerCase()),
  };
}

function nameIn<Name extends string>(source: string, what: string, known: readonly Name[], name: string): Name {
  const found = known.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  const nearest = nearestName(name, known);
  const hint = nearest === null ? "" : ` Did you mean ${nearest}?`;
  return fail("invalid_option", {
    option: source,
    problem: `there is no ${what} ${JSON.stringify(name)}; known are ${known.join(", ")}.${hint}`,
  });
}

/** Writes the file; a bar shows how far it is. Throws `file_unwritable`. */
export function writeSyntheticModel(
  path: string,
  { shape, quant }: SyntheticModel,
  { terminal }: CommandContext,
): void {
  const progress = createProgress(terminal.stderr);
  try {
    writeRandomModel(path, shape, quant, SEED, (fraction) => progress.update(`writing ${shape}:${quant}`, fraction));
  } finally {
    progress.done();
  }
}

/** Of the cache directory that `--cache-dir` or the environment names; need not exist. */
export const syntheticFolderOf = (env: Environment, cacheDir: string | null): string =>
  folderIn(cacheDirectory(env, cacheDir));

const folderIn = (cacheDir: string): string => join(cacheDir, "synthetic");

const keptName = ({ shape, quant }: SyntheticModel): string => `${shape}-${quant}-v${REVISION}.gguf`;

/** What a kept file's name says, and whether a bench still takes it; null where it is none. */
export function parseKeptName(
  name: string,
): { readonly shape: string; readonly quant: string; readonly isCurrent: boolean } | null {
  const [, shape, quant, revision] = /^(.+)-([^-]+)-v(\d+)\.gguf$/.exec(name) ?? [];
  if (shape === undefined || quant === undefined) return null;
  const isKnown = shape in RANDOM_SHAPES && RANDOM_QUANTS.some((known) => known === quant);
  return { shape, quant, isCurrent: isKnown && revision === String(REVISION) };
}

/** The path of a file that is written once and kept in the cache directory, until `turnwise cache prune` removes it. */
export async function keptSyntheticModel(
  model: SyntheticModel,
  cacheDir: string | null,
  context: CommandContext,
): Promise<string> {
  const folder = folderIn(writableCacheDirectory(context.terminal.env, cacheDir));
  const path = join(folder, keptName(model));
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  await writeLine(context.terminal.stderr, `writing random weights to ${path}`);
  writeSyntheticModel(path, model, context);
  return path;
}
