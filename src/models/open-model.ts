/** From a path to a model source. Every thread that needs something of a model opens it here. */

import type { OpenByteSource } from "../formats/byte-source.ts";
import { readGguf } from "../formats/gguf/read.ts";
import { ggufSource } from "./gguf/gguf-source.ts";
import { huggingFaceSource } from "./hugging-face/hugging-face-source.ts";
import { isModelDirectory } from "./is-model-directory.ts";
import type { ModelSource } from "./model-source.ts";

/** A Hugging Face directory, or a GGUF file. Reads headers only. Throws what is wrong; then nothing stays open. */
export function openModel(path: string, open: OpenByteSource): ModelSource {
  return isModelDirectory(path) ? huggingFaceSource(path, open) : ggufSource(readGguf(path, open));
}
