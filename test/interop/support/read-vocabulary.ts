/** The vocabulary of a GGUF file. */

import { openFileSource } from "../../../src/formats/file-source.ts";
import { readGguf } from "../../../src/formats/gguf/read.ts";
import { vocabularyFromMetadata } from "../../../src/text/tokenizer/from-metadata.ts";
import type { VocabularyData } from "../../../src/text/tokenizer/types.ts";
import { sharedPath } from "./shared-folder.ts";

/** `name` is a path in the shared folder. */
export function readVocabulary(name: string): VocabularyData {
  const model = readGguf(sharedPath(name), openFileSource);
  try {
    return vocabularyFromMetadata(model.metadata);
  } finally {
    model.dispose();
  }
}
