/** From a path to a model source. Every thread that needs something of a model opens it here. */

import type { OpenByteSource } from "../formats/byte-source.ts";
import { readGguf } from "../formats/gguf/read.ts";
import { ggufSource } from "./gguf/gguf-source.ts";
import type { ModelSource } from "./model-source.ts";

/** Reads headers only. Throws what is wrong with the files; then nothing stays open. */
export function openModel(path: string, open: OpenByteSource): ModelSource {
  return ggufSource(readGguf(path, open));
}
