/**
 * The models among a repository's files: each is one GGUF file or the parts of a split one, told apart by
 * the quantisation that its name ends with, or the repository's checkpoint. Names only; no file is read.
 */

import { posix } from "node:path";
import { fail } from "../base/errors.ts";
import { formatBytes } from "../base/bytes.ts";
import { parseSplitPath } from "../formats/gguf/split.ts";
import { CHECKPOINT, findCheckpoint, isCheckpointFile } from "./checkpoint-files.ts";

/** A file of a repository or of the cache; the path is relative and uses forward slashes. */
export interface ModelFile {
  readonly path: string;
  readonly bytes: number;
}

export interface ModelFiles<File extends ModelFile> {
  /** A GGUF model is loaded by its first file, a checkpoint by its folder. */
  readonly form: "gguf" | "checkpoint";
  /** "Q4_K_M"; the name of the file where that says no quantisation; "safetensors" of a checkpoint. */
  readonly quant: string;
  /** The name that all parts share, with its folder. */
  readonly stem: string;
  /** In the order of the parts; of a checkpoint the small files before the weights. */
  readonly files: readonly File[];
  readonly bytes: number;
  /** Why it can neither be run nor fetched: what is absent, or of another version than the rest. Null where it can. */
  readonly lacks: string | null;
}

/** Companions of a model (vision, imatrix) that cannot run alone. */
const NO_MODEL = /^(mmproj|imatrix)|[-._](mmproj|imatrix)\b/i;

/** "-Q4_K_M", ".q8_0", "-UD-IQ2_XXS", "-BF16", "-MXFP4_MOE" at the end of a name. */
const QUANT = /(?:^|[-._])((?:UD-)?(?:I?Q\d\w*|TQ\d\w*|B?F16|F(?:32|64)|(?:MX|NV)FP4\w*))$/i;

/** Models in order of size; `files` may hold anything else as well. */
export function groupModels<File extends ModelFile>(files: readonly File[]): readonly ModelFiles<File>[] {
  return [...groupGgufs(files), ...checkpointOf(files)].toSorted((a, b) => a.bytes - b.bytes);
}

function checkpointOf<File extends ModelFile>(files: readonly File[]): readonly ModelFiles<File>[] {
  const found = findCheckpoint(files);
  if (found === null) return [];
  return [{ form: "checkpoint", quant: CHECKPOINT, stem: CHECKPOINT, ...found, bytes: sumBytes(found.files) }];
}

function groupGgufs<File extends ModelFile>(files: readonly File[]): readonly ModelFiles<File>[] {
  const groups = new Map<string, { readonly parts: number; readonly files: Map<number, File> }>();
  for (const file of files) {
    if (!file.path.endsWith(".gguf") || NO_MODEL.test(posix.basename(file.path))) continue;
    const split = parseSplitPath(file.path);
    const stem = split?.prefix ?? file.path.replace(/\.gguf$/, "");
    const parts = split?.count ?? 1;
    const key = `${stem} of ${parts}`;
    const group = groups.get(key) ?? { parts, files: new Map<number, File>() };
    group.files.set(split?.part ?? 1, file);
    groups.set(key, group);
  }
  return [...groups].map(([key, { parts, files: byPart }]) => {
    const stem = key.slice(0, key.lastIndexOf(" of "));
    const inOrder = [...byPart].toSorted(([a], [b]) => a - b).map(([, file]) => file);
    const missing = parts - inOrder.length;
    const lacks = missing > 0 ? `${missing} of ${parts} parts missing` : null;
    return { form: "gguf", quant: quantOf(stem), stem, files: inOrder, bytes: sumBytes(inOrder), lacks };
  });
}

/** Of the model that a file of this path belongs to; null where it belongs to none. */
export function quantOfFile(path: string): string | null {
  return isCheckpointFile(path) ? CHECKPOINT : (groupGgufs([{ path, bytes: 0 }])[0]?.quant ?? null);
}

function quantOf(stem: string): string {
  const name = posix.basename(stem);
  return QUANT.exec(name)?.[1]?.toUpperCase() ?? name;
}

export const sumBytes = (files: readonly ModelFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** Small and close to the original for most models; taken where no quantisation is named. */
const USUAL_QUANTS = ["Q4_K_M", "Q4_0"] as const;

/**
 * The model that `wanted` names, else the usual one, which is the checkpoint where there is no GGUF file; null where
 * none is there, or none whole. Throws `quant_unavailable` where two models answer to the same name.
 */
export function findModel<Model extends ModelFiles<ModelFile>>(
  repo: string,
  models: readonly Model[],
  wanted: string | null,
): Model | null {
  const whole = models.filter(({ lacks }) => lacks === null);
  for (const quant of quantsOf(wanted, models)) {
    const found = whole.filter((model) => answersTo(model, quant));
    const [only] = found;
    if (found.length > 1) failQuant(repo, `single ${quant}`, found);
    if (only !== undefined) return only;
  }
  return null;
}

/** `findModel`; throws `quant_unavailable` with what there is where that is null. */
export function chooseModel<Model extends ModelFiles<ModelFile>>(
  repo: string,
  models: readonly Model[],
  wanted: string | null,
): Model {
  return findModel(repo, models, wanted) ?? failQuant(repo, quantsOf(wanted, models).join(" or "), models);
}

/** Throws `quant_unavailable`: there are `models`, and no `wanted`. */
export function failQuant(repo: string, wanted: string, models: readonly ModelFiles<ModelFile>[]): never {
  const available = models.length === 0 ? "no GGUF file and no safetensors" : listModels(models);
  return fail("quant_unavailable", { repo, wanted, available });
}

function quantsOf(wanted: string | null, models: readonly ModelFiles<ModelFile>[]): readonly string[] {
  if (wanted !== null) return [wanted];
  const isCheckpointAlone = models.length > 0 && models.every(({ form }) => form === "checkpoint");
  return isCheckpointAlone ? [CHECKPOINT] : USUAL_QUANTS;
}

/** Whether `name` is the model's quantisation or its file's name, in any case. */
export function answersTo(model: ModelFiles<ModelFile>, name: string): boolean {
  const lower = name.toLowerCase();
  const base = posix.basename(model.stem).toLowerCase();
  return model.quant.toLowerCase() === lower || base === lower || `${base}.gguf` === lower;
}

/** "Q4_0 (4.34 GiB), Q8_0 (8.00 GiB, 1 of 2 parts missing)". */
export function listModels(models: readonly ModelFiles<ModelFile>[]): string {
  const ambiguous = new Set(models.map(({ quant }) => quant)).size < models.length;
  return models
    .map(({ quant, stem, bytes, lacks }) => {
      const lack = lacks === null ? "" : `, ${lacks}`;
      return `${ambiguous ? posix.basename(stem) : quant} (${formatBytes(bytes)}${lack})`;
    })
    .join(", ");
}
