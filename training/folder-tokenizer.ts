/** The tokeniser of a data folder, from its three files. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createTokenizer } from "../src/text/tokenizer/create-tokenizer.ts";
import { readTokenizerFiles } from "../src/text/tokenizer/hugging-face/read-tokenizer.ts";
import type { Tokenizer } from "../src/text/tokenizer/types.ts";

export function folderTokenizer(folder: string): Tokenizer {
  const read = (name: string): Uint8Array => readFileSync(join(folder, name));
  const { vocabulary } = readTokenizerFiles({
    tokenizer: read("tokenizer.json"),
    config: read("tokenizer_config.json"),
    generationConfig: read("generation_config.json"),
  });
  return createTokenizer(vocabulary);
}
