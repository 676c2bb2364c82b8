/** A text's words, one after another, by the model of its kind. */

import type { TextEncoding } from "./text-encoding.ts";
import type { TokenBuffer } from "./token-buffer.ts";
import { writeUtf8 } from "./utf8-text.ts";
import { createWordEncoder, type WordModel } from "./word-encoder.ts";
import type { WordSplitter, WordVisitor } from "./word-splitter.ts";

export function createWordEncoding(split: WordSplitter, model: WordModel): TextEncoding {
  const words = createWordEncoder(model);
  let to: TokenBuffer | null = null;
  // One visitor for all texts: a closure made for each would be slower.
  const visit: WordVisitor = (text, start, end) => {
    const length = writeUtf8(text, start, end, words.room((end - start) * 3), 0);
    if (to !== null) words.encode(length, to);
  };
  return {
    encode(text, place, out) {
      to = out;
      split(text, place, visit);
      to = null;
    },
  };
}
