/** A small model of random weights on disk, made once for each test file. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type RandomQuant, writeRandomModel } from "../../src/models/random/random-model.ts";

/** Writes the file and removes it when the tests of this file are done. */
export function tinyModelFile(quant: RandomQuant = "q8_0"): string {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, `tiny-${quant}.gguf`);
  writeRandomModel(path, "tiny", quant, 3);
  return path;
}
