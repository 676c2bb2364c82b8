/** Writes a Hugging Face directory in other weights; the tokeniser's files are copied as they are. */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, TurnwiseError } from "../../base/errors.ts";
import { systemReason } from "../../formats/file-source.ts";
import { safetensorsBytesOf, safetensorsPieces } from "../../formats/safetensors/write.ts";
import { type WriteProgress, writeFilePieces } from "../../formats/write-file.ts";
import type { ModelSource } from "../model-source.ts";
import type { ConvertQuant } from "./convert-quant.ts";
import { directoryContents } from "./directory-contents.ts";

const CONFIG = "config.json";

/** Of the source's files, those that say nothing of how its weights are stored. */
const COPIED =
  /^(?:tokenizer|special_tokens_map|generation_config|vocab|added_tokens|merges|chat_template|LICENSE|README)/;

/** `source` is a directory; `folder` is made where it is not there. Throws `file_unwritable`, and as `directoryContents`. */
export function writeModelDirectory(
  source: ModelSource,
  folder: string,
  quant: ConvertQuant,
  onProgress: WriteProgress = () => {},
): void {
  const { config, tensors } = directoryContents(source, quant);
  try {
    mkdirSync(folder, { recursive: true });
    const original = JSON.parse(readFileSync(join(source.path, CONFIG), "utf8")) as Record<string, unknown>;
    writeFileSync(join(folder, CONFIG), `${JSON.stringify({ ...original, ...config }, null, 2)}\n`);
    for (const file of readdirSync(source.path)) {
      if (COPIED.test(file)) copyFileSync(join(source.path, file), join(folder, file));
    }
  } catch (error) {
    if (error instanceof TurnwiseError) throw error;
    fail("file_unwritable", { path: folder, reason: systemReason(error) });
  }
  const pieces = safetensorsPieces(tensors, { format: "pt" });
  writeFilePieces(join(folder, "model.safetensors"), pieces, safetensorsBytesOf(tensors), onProgress);
}
