/** A model written to disk in another format or with other weights. */

import { openFileSource } from "../../formats/file-source.ts";
import { readGguf } from "../../formats/gguf/read.ts";
import { writeGguf } from "../../formats/gguf/write.ts";
import { ggufSource } from "../gguf/gguf-source.ts";
import { isModelDirectory } from "../is-model-directory.ts";
import { openModel } from "../open-model.ts";
import type { ConvertQuant } from "./convert-quant.ts";
import { ggufContents } from "./gguf-contents.ts";
import { writeModelDirectory } from "./write-directory.ts";

type OnProgress = (fraction: number) => void;

/** A `target` that ends in .gguf is a file; any other a directory. Throws as `writeGguf` and `writeModelDirectory`. */
export function convertModel(path: string, target: string, quant: ConvertQuant, onProgress?: OnProgress): void {
  if (target.endsWith(".gguf")) convertToGguf(path, target, quant, onProgress);
  else convertToDirectory(path, target, quant, onProgress);
}

function convertToGguf(path: string, target: string, quant: ConvertQuant, onProgress?: OnProgress): void {
  const file = isModelDirectory(path) ? null : readGguf(path, openFileSource);
  const source = file === null ? openModel(path, openFileSource) : ggufSource(file);
  try {
    writeGguf(target, ggufContents(source, file, quant), onProgress);
  } finally {
    source.dispose();
  }
}

function convertToDirectory(path: string, target: string, quant: ConvertQuant, onProgress?: OnProgress): void {
  const source = openModel(path, openFileSource);
  try {
    writeModelDirectory(source, target, quant, onProgress);
  } finally {
    source.dispose();
  }
}
