/** The vocabulary that masks are measured with: a model's, or one of the size of Llama 3's that is made up. */

import { openFileSource } from "../../formats/file-source.ts";
import { ggufMetadata } from "../../formats/gguf/metadata.ts";
import { readGguf } from "../../formats/gguf/read.ts";
import { isModelDirectory } from "../../models/is-model-directory.ts";
import { openModel } from "../../models/open-model.ts";
import { randomVocabulary } from "../../models/random/random-vocabulary.ts";
import { vocabularyFromMetadata } from "../../text/tokenizer/from-metadata.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";
import { buildVocabularyBytes } from "../../text/tokenizer/vocabulary-bytes.ts";

const MADE_UP_TOKENS = 128_256;

/** `path` may also be a GGUF file without weights; null: the one made up. Throws what opening a model throws. */
export function openVocabulary(path: string | null): VocabularyBytes {
  if (path === null) {
    return buildVocabularyBytes(
      vocabularyFromMetadata(ggufMetadata(new Map(randomVocabulary(MADE_UP_TOKENS).metadata))),
    );
  }
  if (!isModelDirectory(path))
    return buildVocabularyBytes(vocabularyFromMetadata(readGguf(path, openFileSource).metadata));
  const model = openModel(path, openFileSource);
  try {
    return buildVocabularyBytes(model.vocabulary());
  } finally {
    model.dispose();
  }
}
