/** From a path to a model's text side alone, for whoever needs no weights: it loads neither graphs nor their formats. */

import type { OpenByteSource } from "../formats/byte-source.ts";
import { readGguf } from "../formats/gguf/read.ts";
import { ggufText } from "./gguf/gguf-text.ts";
import { isModelDirectory } from "./is-model-directory.ts";
import type { ModelText } from "./model-source.ts";

/** As `openModel`, which also says what is wrong with a directory's weights. */
export async function openModelText(path: string, open: OpenByteSource): Promise<ModelText> {
  if (!isModelDirectory(path)) return ggufText(readGguf(path, open));
  const { huggingFaceSource } = await import("./hugging-face/hugging-face-source.ts");
  return huggingFaceSource(path, open);
}
