/** Perplexities against llama-perplexity's, for each file type and KV type. */

import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { measurePerplexity } from "../../src/engine/perplexity.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

type FileType = "f32" | "q8_0" | "q4_0";
type Golden = Record<string, { readonly perplexity: { readonly file: string } & Record<FileType, number> }>;

const golden = sharedAbsent
  ? {}
  : (JSON.parse(readFileSync(sharedPath("golden/numpy-and-perplexity.json"), "utf8")) as Golden);

const CASES = Object.entries(golden).flatMap(([model, { perplexity }]) =>
  (["f32", "q8_0", "q4_0"] as const).flatMap((fileType) =>
    (["f32", "int8"] as const).map((kvType) => ({
      model: `${model}-${fileType}`,
      kvType,
      text: perplexity.file,
      expected: perplexity[fileType],
    })),
  ),
);

describe.skipIf(sharedAbsent)("perplexity", () => {
  it.each(CASES)(
    "of $model with $kvType KV is llama.cpp's $expected within 0.5 %",
    async ({ model, kvType, text, expected }) => {
      const engine = await Engine.load({ model: sharedPath(`models/${model}.gguf`), backend: "native", kvType });
      onTestFinished(() => engine.dispose());
      const result = await measurePerplexity(engine, readFileSync(sharedPath(text), "utf8"), {
        contextTokens: 256,
        chunks: 60,
      });
      expect(result.tokens).toBe(60 * 127);
      console.log(`${model} ${kvType}: ${result.perplexity.toFixed(4)}, llama.cpp ${expected}`);
      expect(Math.abs(result.perplexity / expected - 1)).toBeLessThan(0.005);
      expect(await engine.stats()).toMatchObject({ running: 0, waiting: 0, pagesUsed: 0 });
    },
  );
});
