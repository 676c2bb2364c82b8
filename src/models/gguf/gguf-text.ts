/** The text side of a GGUF file: what a tokeniser and a chat template are made of. */

import type { GgufModel } from "../../formats/gguf/model.ts";
import { vocabularyFromMetadata } from "../../text/tokenizer/from-metadata.ts";
import type { ModelText } from "../model-source.ts";

/** Takes over the file: disposing of the text closes it. */
export function ggufText(file: GgufModel): ModelText {
  const { metadata } = file;
  return {
    chatTemplate: metadata.findString("tokenizer.chat_template") ?? null,
    vocabulary: () => vocabularyFromMetadata(metadata),
    dispose: () => file.dispose(),
  };
}
