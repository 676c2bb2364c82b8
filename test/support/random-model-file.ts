/** A small model of random weights on disk, made once for each test file. */

import { join } from "node:path";
import { type RandomQuant, writeRandomModel } from "../../src/models/random/random-model.ts";
import { testFolder } from "./test-folder.ts";

/** Writes the file and removes it when the tests of this file are done. */
export function tinyModelFile(quant: RandomQuant = "q8_0"): string {
  const path = join(testFolder(), `tiny-${quant}.gguf`);
  writeRandomModel(path, "tiny", quant, 3);
  return path;
}
