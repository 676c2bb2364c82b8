/** Files that `convert` makes of a checkpoint, against those that llama.cpp's tools made of the same one. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { memorySource, openFileSource } from "../../src/formats/file-source.ts";
import type { GgufModel } from "../../src/formats/gguf/model.ts";
import { readGguf } from "../../src/formats/gguf/read.ts";
import { ggufBytes } from "../../src/formats/gguf/write.ts";
import { ggufContents } from "../../src/models/convert/gguf-contents.ts";
import { vocabularyMetadata } from "../../src/models/gguf/vocabulary-metadata.ts";
import { openModel } from "../../src/models/open-model.ts";
import { createTokenizer } from "../../src/text/tokenizer/create-tokenizer.ts";
import { vocabularyFromMetadata } from "../../src/text/tokenizer/from-metadata.ts";
import { readTokenizerFiles } from "../../src/text/tokenizer/hugging-face/read-tokenizer.ts";
import { ggufMetadata } from "../../src/formats/gguf/metadata.ts";
import type { ConvertQuant } from "../../src/models/convert/convert-quant.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

const CHECKPOINT = "models/TinyStories-656K";
const RAW = { addSpecial: true, parseSpecial: false } as const;

function converted(quant: ConvertQuant): GgufModel {
  const source = openModel(sharedPath(CHECKPOINT), openFileSource);
  const bytes = ggufBytes(ggufContents(source, null, quant));
  source.dispose();
  return readGguf("converted.gguf", (path) => memorySource(path, bytes));
}

describe.skipIf(sharedAbsent)("convert", () => {
  it.each([
    ["f32", "f32"],
    ["q8", "q8_0"],
    ["q4-g32", "q4_0"],
  ] as const)("with %s holds llama.cpp's bytes of %s", (quant, name) => {
    const ours = converted(quant);
    const theirs = readGguf(sharedPath(`${CHECKPOINT}-${name}.gguf`), openFileSource);
    expect(new Set(ours.tensors.keys())).toEqual(new Set(theirs.tensors.keys()));
    for (const tensor of theirs.tensors.values()) {
      const own = ours.tensors.get(tensor.name);
      expect([own?.type, own?.shape]).toEqual([tensor.type, tensor.shape]);
      expect(Buffer.compare(own?.view() ?? new Uint8Array(), tensor.view()), tensor.name).toBe(0);
    }
    expect(ours.metadata.getUint("general.file_type")).toBe(theirs.metadata.getUint("general.file_type"));
  });

  it("keeps the tokeniser of Llama 2's kind", () => {
    const ours = createTokenizer(vocabularyFromMetadata(converted("f32").metadata));
    const theirs = openModel(sharedPath(`${CHECKPOINT}-f32.gguf`), openFileSource);
    const reference = createTokenizer(theirs.vocabulary());
    const text = readFileSync(sharedPath("text/tinystories-sample-656k.txt"), "utf8").slice(0, 100_000);
    expect(ours.encode(text, RAW)).toEqual(reference.encode(text, RAW));
    expect(ours.endOfGenerationIds).toEqual(reference.endOfGenerationIds);
  });

  it("keeps a byte-level tokeniser, and finds its pre-tokeniser's name", () => {
    const tokenizer = readFileSync(sharedPath("tokenizers/smollm2/tokenizer.json"));
    const { vocabulary } = readTokenizerFiles({ tokenizer });
    const metadata = ggufMetadata(new Map(vocabularyMetadata(vocabulary)));
    expect(metadata.getString("tokenizer.ggml.pre")).toBe("smollm");
    const text = readFileSync(sharedPath("tokenizers/ggml-vocab-gpt-2.gguf.inp"), "utf8");
    const ours = createTokenizer(vocabularyFromMetadata(metadata));
    expect(ours.encode(text, RAW)).toEqual(createTokenizer(vocabulary).encode(text, RAW));
  });
});
