import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { testFolder } from "../../test/support/test-folder.ts";
import { PackFolder } from "../packs/pack-folder.ts";
import { listPacks, listSynthetic } from "./kept-files.ts";

const root = testFolder();

/** A file that was used so many seconds after the epoch. */
function write(path: string, seconds: number): void {
  writeFileSync(path, "12345");
  utimesSync(path, seconds, seconds);
}

it("lists models of benches with what is wrong with them, the last used first, and nothing else of the folder", () => {
  const folder = join(root, "synthetic");
  expect(listSynthetic(folder)).toEqual([]);
  mkdirSync(folder);
  write(join(folder, "llama-3.2-1b-q4_k_m-v1.gguf"), 10);
  write(join(folder, "tiny-q8_0-v0.gguf"), 20);
  write(join(folder, "tiny-q4_0-v1.gguf.123.tmp"), 5);
  write(join(folder, "notes.gguf"), 30);
  // Somebody may be writing it.
  writeFileSync(join(folder, "tiny-f32-v1.gguf.124.tmp"), "");
  expect(listSynthetic(folder)).toEqual([
    expect.objectContaining({ model: "tiny", quant: "q8_0", stale: "benches write another one now", usedMs: 20_000 }),
    {
      kind: "synthetic",
      path: join(folder, "llama-3.2-1b-q4_k_m-v1.gguf"),
      model: "llama-3.2-1b",
      quant: "q4_k_m",
      layout: null,
      bytes: 5,
      usedMs: 10_000,
      stale: null,
    },
    expect.objectContaining({ model: "tiny", quant: "q4_0", stale: "its writing was broken off" }),
  ]);
});

it("lists packs that are none, and what killed writers left, with the reason", () => {
  const packs = new PackFolder(join(root, "packs"));
  mkdirSync(packs.path);
  write(join(packs.path, "bad.twpack"), 10);
  write(join(packs.path, "half.twpack-partial"), 10);
  expect(listPacks(packs).map(({ path, stale }) => [path, stale])).toEqual([
    [join(packs.path, "bad.twpack"), "it is no pack"],
    [join(packs.path, "half.twpack-partial"), "its writing was broken off"],
  ]);
});
