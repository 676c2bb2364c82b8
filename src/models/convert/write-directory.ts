/**
 * Writes a Hugging Face directory. Of a directory, all that says nothing of how weights are stored is copied as it is;
 * of a GGUF file, config and tokeniser are written from its metadata.
 */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fail, TurnwiseError } from "../../base/errors.ts";
import { systemReason } from "../../formats/file-source.ts";
import { INDEX_SUFFIX } from "../../formats/safetensors/read.ts";
import { safetensorsBytesOf, safetensorsPieces } from "../../formats/safetensors/write.ts";
import { type WriteProgress, writeFilePieces } from "../../formats/write-file.ts";
import { tokenizerFiles } from "../../text/tokenizer/hugging-face/write-tokenizer.ts";
import { configFromSpec } from "../hugging-face/spec-config.ts";
import { isModelDirectory } from "../is-model-directory.ts";
import type { ModelSource } from "../model-source.ts";
import type { ConvertQuant } from "./convert-quant.ts";
import { directoryContents } from "./directory-contents.ts";

const CONFIG = "config.json";
const WEIGHTS = "model.safetensors";

/** Of the source's files, those that say nothing of how its weights are stored. */
const COPIED =
  /^(?:tokenizer|special_tokens_map|generation_config|vocab|added_tokens|merges|chat_template|LICENSE|README)/;

/**
 * `folder` is made where it is not there, and may hold what an earlier call wrote. Throws `file_unwritable` where it
 * holds other weights too, or is the source, and as `directoryContents`, `configFromSpec` and `tokenizerFiles`.
 */
export function writeModelDirectory(
  source: ModelSource,
  folder: string,
  quant: ConvertQuant,
  onProgress: WriteProgress = () => {},
): void {
  const { configOver, tensors } = directoryContents(source, quant);
  const described = isModelDirectory(source.path) ? null : describedFiles(source);
  let original: Readonly<Record<string, unknown>> = {};
  try {
    mkdirSync(folder, { recursive: true });
    requireNoOtherModel(source, folder);
    original = described?.config ?? copyFiles(source.path, folder);
  } catch (error) {
    if (error instanceof TurnwiseError) throw error;
    fail("file_unwritable", { path: folder, reason: systemReason(error) });
  }
  for (const [file, json] of Object.entries(described?.files ?? {})) writeJson(join(folder, file), json);
  const pieces = safetensorsPieces(tensors, { format: "pt" });
  writeFilePieces(join(folder, WEIGHTS), pieces, safetensorsBytesOf(tensors), onProgress);
  // Last: it makes a model of the directory.
  writeJson(join(folder, CONFIG), { ...original, ...configOver(original) });
}

/** The source's config. */
function copyFiles(path: string, folder: string): Readonly<Record<string, unknown>> {
  for (const file of readdirSync(path)) {
    if (COPIED.test(file)) copyFileSync(join(path, file), join(folder, file));
  }
  return JSON.parse(readFileSync(join(path, CONFIG), "utf8")) as Record<string, unknown>;
}

interface DescribedFiles {
  readonly config: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, object>>;
}

/** What a model's metadata says, as a directory's files. */
function describedFiles(source: ModelSource): DescribedFiles {
  return {
    config: configFromSpec(source.spec()),
    files: tokenizerFiles(source.vocabulary(), source.chatTemplate),
  };
}

function writeJson(path: string, json: object): void {
  const text = new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
  writeFilePieces(path, [text], text.length);
}

/** Weights that stay beside the new ones would be read in their place, those of an index before all. */
function requireNoOtherModel(source: ModelSource, folder: string): void {
  const refuse = (reason: string): never => fail("file_unwritable", { path: folder, reason });
  const isSource = isModelDirectory(source.path) && realpathSync(folder) === realpathSync(source.path);
  if (isSource) refuse("it is the model that is converted; name another folder");
  const other = readdirSync(folder).find(
    (file) => file !== WEIGHTS && (file.endsWith(".safetensors") || file.endsWith(INDEX_SUFFIX)),
  );
  if (other !== undefined) refuse(`it holds ${other} of another model; name another folder`);
}
