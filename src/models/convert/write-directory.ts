/** Writes a Hugging Face directory in other weights; the tokeniser's files are copied as they are. */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fail, TurnwiseError } from "../../base/errors.ts";
import { systemReason } from "../../formats/file-source.ts";
import { INDEX_SUFFIX } from "../../formats/safetensors/read.ts";
import { safetensorsBytesOf, safetensorsPieces } from "../../formats/safetensors/write.ts";
import { type WriteProgress, writeFilePieces } from "../../formats/write-file.ts";
import type { ModelSource } from "../model-source.ts";
import type { ConvertQuant } from "./convert-quant.ts";
import { directoryContents } from "./directory-contents.ts";

const CONFIG = "config.json";
const WEIGHTS = "model.safetensors";

/** Of the source's files, those that say nothing of how its weights are stored. */
const COPIED =
  /^(?:tokenizer|special_tokens_map|generation_config|vocab|added_tokens|merges|chat_template|LICENSE|README)/;

/**
 * `source` is a directory; `folder` is made where it is not there, and may hold what an earlier call wrote. Throws
 * `file_unwritable` where it holds other weights too, or is the source, and as `directoryContents`.
 */
export function writeModelDirectory(
  source: ModelSource,
  folder: string,
  quant: ConvertQuant,
  onProgress: WriteProgress = () => {},
): void {
  const { configOver, tensors } = directoryContents(source, quant);
  let original: Record<string, unknown> = {};
  try {
    mkdirSync(folder, { recursive: true });
    requireNoOtherModel(source, folder);
    original = JSON.parse(readFileSync(join(source.path, CONFIG), "utf8")) as Record<string, unknown>;
    for (const file of readdirSync(source.path)) {
      if (COPIED.test(file)) copyFileSync(join(source.path, file), join(folder, file));
    }
  } catch (error) {
    if (error instanceof TurnwiseError) throw error;
    fail("file_unwritable", { path: folder, reason: systemReason(error) });
  }
  const pieces = safetensorsPieces(tensors, { format: "pt" });
  writeFilePieces(join(folder, WEIGHTS), pieces, safetensorsBytesOf(tensors), onProgress);
  // Last: it makes a model of the directory.
  const text = new TextEncoder().encode(`${JSON.stringify({ ...original, ...configOver(original) }, null, 2)}\n`);
  writeFilePieces(join(folder, CONFIG), [text], text.length);
}

/** Weights that stay beside the new ones would be read in their place, those of an index before all. */
function requireNoOtherModel(source: ModelSource, folder: string): void {
  const refuse = (reason: string): never => fail("file_unwritable", { path: folder, reason });
  if (realpathSync(folder) === realpathSync(source.path))
    refuse("it is the model that is converted; name another folder");
  const other = readdirSync(folder).find(
    (file) => file !== WEIGHTS && (file.endsWith(".safetensors") || file.endsWith(INDEX_SUFFIX)),
  );
  if (other !== undefined) refuse(`it holds ${other} of another model; name another folder`);
}
