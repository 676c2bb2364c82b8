/** Starts with and without a pack: the same numbers to the bit, and every kind of damage survived. */

import {
  chmodSync,
  cpSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { copyFileSync, statSync, truncateSync, utimesSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import { Engine } from "../../src/engine/engine.ts";
import { loadModel } from "../../src/engine/load/load-model.ts";
import { packModel } from "../../src/engine/load/pack-model.ts";
import type { SharedVocabulary } from "../../src/engine/threads/shared-vocabulary.ts";
import type { EngineOptions, WeightOrigin } from "../../src/engine/types.ts";
import { ggufMetadata } from "../../src/formats/gguf/metadata.ts";
import { randomVocabulary } from "../../src/models/random/random-vocabulary.ts";
import { vocabularyFromMetadata } from "../../src/text/tokenizer/from-metadata.ts";
import { buildVocabularyBytes } from "../../src/text/tokenizer/vocabulary-bytes.ts";
import { CHECKPOINT_VARIANTS, type CheckpointVariant } from "../support/checkpoints/checkpoint-variants.ts";
import { goldenConfig, goldenTensors, writeDirectory } from "../support/checkpoints/write-directory.ts";
import { readForwardGolden } from "../support/forward-golden.ts";
import { NATIVE_ISA_LEVELS, NATIVE_MISSING } from "../support/native-addon.ts";
import { tinyModelFile } from "../support/random-model-file.ts";
import { testFolder } from "../support/test-folder.ts";

const root = testFolder();
const model = tinyModelFile("q4_0");
const floatModel = tinyModelFile("bf16");
const folder = join(root, "packs");

const packNow = (change: Partial<Parameters<typeof packModel>[0]> = {}) =>
  packModel({
    model,
    quant: "none",
    folder,
    maxBytes: 2 ** 30,
    isa: null,
    threads: 2,
    onProgress: () => {},
    ...change,
  });

interface Start {
  readonly origin: WeightOrigin | null;
  /** Of the last token of a prompt. */
  readonly logits: Float32Array;
  readonly warnings: readonly string[];
}

const PROMPT = Int32Array.of(3, 1, 4, 1, 5, 9, 2, 6);

interface StartCallbacks {
  readonly onOpened: () => void;
  readonly sharedVocabulary: () => SharedVocabulary | null;
}

/**
 * Loads the model as the engine's thread does, runs one step and waits until nothing is written any more. `onOpened` is
 * called when the model's files are open and nothing was packed.
 */
async function start(
  weightCache: NonNullable<EngineOptions["weightCache"]>,
  change: Partial<EngineOptions> = {},
  { onOpened = () => {}, sharedVocabulary = () => null }: Partial<StartCallbacks> = {},
) {
  const warnings: string[] = [];
  const loaded = loadModel(
    { model, weightCache, maxSequences: 1, contextTokens: 128, threads: 2, ...change },
    {
      onProgress: ({ phase }) => (phase === "header" ? onOpened() : undefined),
      onWarning: (message) => void warnings.push(message),
      sharedVocabulary,
    },
  );
  try {
    loaded.executor.step({
      tokens: PROMPT,
      positions: PROMPT.map((_, index) => index),
      sequenceStarts: Int32Array.of(0, PROMPT.length),
      pageTables: Int32Array.of(0),
      pageTableStarts: Int32Array.of(0, 1),
      logitRows: Int32Array.of(PROMPT.length - 1),
    });
    const logits = new Float32Array(loaded.info.vocabSize);
    loaded.executor.readLogits(0, logits);
    while (loaded.packWriting()?.state === "writing") await sleep(5);
    return { origin: loaded.capacity.weightOrigin, logits, warnings } satisfies Start;
  } finally {
    loaded.dispose();
  }
}

function variantOf(name: string): CheckpointVariant {
  const variant = CHECKPOINT_VARIANTS.find((candidate) => candidate.name === name);
  if (variant === undefined) throw new TypeError(`no variant ${name}`);
  return variant;
}

const kept = (): string[] => readdirSync(folder).map((name) => join(folder, name));

/** Writes over bytes of a file that nobody may write to. */
function damage(path: string, offset: number): void {
  chmodSync(path, 0o644);
  const file = openSync(path, "r+");
  writeSync(file, Uint8Array.of(0x5a, 0xa5, 0x5a), 0, 3, offset);
  closeSync(file);
}

describe.skipIf(NATIVE_MISSING)("packed weights", () => {
  beforeEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ["q4_0", model, "none"],
    ["bf16", floatModel, "none"],
    ["bf16 rounded at load", floatModel, "q4-g128"],
  ] as const)("give the bits that packing gives: %s", async (_, path, quant) => {
    const packed = await start(false, { model: path, quant });
    expect(packed.origin).toEqual({ from: "model", pack: null, note: "the cache is off" });
    const { path: pack } = await packNow({ model: path, quant });
    const mapped = await start({ folder }, { model: path, quant });
    expect(mapped.origin).toEqual({ from: "pack", pack, note: null });
    expect(mapped.logits).toEqual(packed.logits);
    expect(mapped.warnings).toEqual([]);
  });

  it("are the same file for every level of a layout", async () => {
    const files: Buffer[] = [];
    for (const isa of NATIVE_ISA_LEVELS) files.push(readFileSync((await packNow({ isa, maxBytes: null })).path));
    for (const file of files) expect(file.equals(files[0] ?? file)).toBe(true);
    await expect(packNow({ isa: "mmx" })).rejects.toThrow(/mmx is no level of this build/);
  });

  it("are used wherever a moved pack's model lies; a pack of the cache only while its model is as it was", async () => {
    const moved = join(root, "moved.gguf");
    copyFileSync(model, moved);
    await packNow({ model: moved, maxBytes: null });
    utimesSync(moved, 5, 5);
    expect((await start({ folder }, { model: moved })).origin?.from).toBe("pack");
    await packNow({ model: moved });
    expect((await start({ folder }, { model: moved })).origin?.from).toBe("pack");
    utimesSync(moved, 6, 6);
    const later = await start({ folder, readOnly: true }, { model: moved });
    expect(later.origin?.from).toBe("model");
    expect(later.warnings.join()).toMatch(/cannot be used: the model has changed since/);
  });

  it("are found whatever the model's file is called by then, in a cache that is read-only, too", async () => {
    const { path: pack } = await packNow({ maxBytes: null });
    const renamed = join(root, "renamed.gguf");
    copyFileSync(model, renamed);
    const { origin, warnings } = await start({ folder, readOnly: true }, { model: renamed });
    expect({ origin, warnings }).toEqual({ origin: { from: "pack", pack, note: null }, warnings: [] });
    // One of the cache is another file's: that is no damage, and no reason to say anything.
    rmSync(folder, { recursive: true });
    await packNow();
    utimesSync(renamed, 7, 7);
    expect(await start({ folder }, { model: renamed })).toMatchObject({ origin: { from: "model" }, warnings: [] });
  });

  it("are not those of the file that came to the model's place while it was loaded", async () => {
    // Two trainings of one model.
    const bytes = readFileSync(model);
    const other = bytes.map((byte, index) => (index < bytes.length - 4096 ? byte : byte ^ 1));
    const place = join(root, "replaced.gguf");
    const put = (content: Uint8Array, seconds: number): void => {
      writeFileSync(`${place}.new`, content);
      utimesSync(`${place}.new`, seconds, seconds);
      renameSync(`${place}.new`, place);
    };
    const first = await start(false);
    put(other, 10);
    const second = await start(false, { model: place });
    expect(second.logits).not.toEqual(first.logits);
    // A pack of the other one, whose time has changed since: it is written again whatever its size.
    await packNow({ model: place });
    put(bytes, 20);
    const replaced = await start({ folder }, { model: place }, { onOpened: () => put(other, 30) });
    expect(replaced.logits).toEqual(first.logits);
    expect(replaced.origin).toEqual({
      from: "model",
      pack: null,
      note: "the model was replaced or changed while it was loaded",
    });
    expect((await start({ folder }, { model: place })).logits).toEqual(second.logits);
  });

  describe("of a checkpoint in a folder", () => {
    // Wider than the golden, so that whole groups of the columns of every matrix are there.
    const golden = { ...readForwardGolden("qwen3"), hidden: 128, ffn: 256, heads: 8 };
    const write = (path: string, variantName: string, change: Readonly<Record<string, unknown>> = {}): string => {
      const variant = variantOf(variantName);
      mkdirSync(path, { recursive: true });
      const config = { ...goldenConfig(golden), quantization_config: { ...variant.config, ...change } };
      writeDirectory(path, config, goldenTensors(golden, variant));
      return path;
    };
    // These have no tokeniser; whatever stands for one is as good.
    const data = vocabularyFromMetadata(ggufMetadata(new Map(randomVocabulary(512).metadata)));
    const vocabulary = { bytes: buildVocabularyBytes(data), bosId: null };
    const startAt = (path: string, weightCache: Parameters<typeof start>[0]) =>
      start(weightCache, { model: path, contextTokens: 64 }, { sharedVocabulary: () => vocabulary });

    it.each([
      "GPTQ 4 bits, group 32, zero points, act-order by input, version 1",
      "GPTQ 4 bits, group 64, symmetric, act-order by matrix, version 1",
      "AWQ, group 32",
    ])("give the bits that packing gives, in another folder, too: %s", async (variant) => {
      const path = write(join(root, "checkpoint"), variant);
      const packed = await startAt(path, false);
      const { path: pack } = await packNow({ model: path, maxBytes: null });
      const moved = join(root, "moved checkpoint");
      cpSync(path, moved, { recursive: true });
      for (const place of [path, moved]) {
        const mapped = await startAt(place, { folder, readOnly: true });
        expect(mapped.origin).toEqual({ from: "pack", pack, note: null });
        expect(mapped.logits).toEqual(packed.logits);
      }
    });

    it("are another model's once config.json says otherwise how it was quantised", async () => {
      const variant = "GPTQ 4 bits, group 64, zero points, version 1";
      const path = write(join(root, "corrected"), variant, { checkpoint_format: "gptq_v2" });
      await packNow({ model: path });
      const wrong = await startAt(path, { folder });
      expect(wrong.origin?.from).toBe("pack");
      const config = readFileSync(join(write(join(root, "right"), variant), "config.json"));
      writeFileSync(join(path, "config.json"), config);
      const corrected = await startAt(path, { folder });
      expect(corrected.origin?.from).toBe("model");
      expect(corrected.logits).not.toEqual(wrong.logits);
      expect(corrected.logits).toEqual((await startAt(path, false)).logits);
    });
  });

  it("take the room that the cache may have: the oldest go, and what is too large is not even packed", async () => {
    const { path: old } = await packNow();
    const rounded = { model: floatModel, quant: "q4-g128" } as const;
    const { path: recent, bytes: recentBytes } = await packNow(rounded);
    const { bytes: lastBytes } = await packNow({ model: floatModel, folder: join(root, "elsewhere") });
    utimesSync(old, 5, 5);
    // Over itself: nothing else has to go for it.
    const bothBytes = statSync(old).size + recentBytes;
    await packNow({ ...rounded, maxBytes: bothBytes });
    expect(kept().toSorted()).toEqual([old, recent].toSorted());
    const { path: last } = await packNow({ model: floatModel, maxBytes: recentBytes + lastBytes });
    expect(kept().toSorted()).toEqual([recent, last].toSorted());
    const phases: string[] = [];
    const refused = packNow({ maxBytes: 1000, onProgress: (phase) => void phases.push(phase) });
    await expect(refused).rejects.toThrow("the cache may have 1000 B");
    await expect(refused).rejects.toMatchObject({ code: "file_unwritable" });
    expect([phases, kept().length]).toEqual([[], 2]);
  });

  const DAMAGE = [
    ["a changed weight", (path: string) => damage(path, 2 * 2 ** 20 + 70_000), /they are damaged/],
    ["a changed checksum", (path: string) => damage(path, 256 * 1024), /they are damaged/],
    ["a changed header", (path: string) => damage(path, 100), /its header is damaged/],
    ["another version", (path: string) => damage(path, 8), /it is version/],
    ["a cut", (path: string) => (chmodSync(path, 0o644), truncateSync(path, 2 * 2 ** 20 + 9999)), /ends too early/],
    ["a cut header", (path: string) => (chmodSync(path, 0o644), truncateSync(path, 10)), /it is no pack/],
  ] as const;

  it.each(DAMAGE)("are packed again and written again after %s", async (_, harm, reason) => {
    const { logits } = await start(false);
    const { path } = await packNow();
    harm(path);
    const harmed = await start({ folder });
    expect(harmed.warnings.join()).toMatch(reason);
    expect(harmed.origin).toEqual({ from: "model", pack: path, note: null });
    expect(harmed.logits).toEqual(logits);
    const again = await start({ folder });
    expect(again.origin?.from).toBe("pack");
    expect(again.logits).toEqual(logits);
    expect(again.warnings).toEqual([]);
  });

  it("stay as they are in a cache that is read-only, damaged or not", async () => {
    const { path } = await packNow();
    const usedMs = 1_000_000;
    utimesSync(path, usedMs / 1000, usedMs / 1000);
    expect((await start({ folder, readOnly: true })).origin?.from).toBe("pack");
    damage(path, 100);
    const before = readFileSync(path);
    const { origin } = await start({ folder, readOnly: true });
    expect(origin).toMatchObject({ from: "model", pack: null });
    expect(origin?.note).toMatch(/read-only/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("are not kept where that costs more than it saves, or cannot be; the model runs all the same", async () => {
    expect((await start({ folder })).origin?.note).toMatch(/packed as fast/);
    expect(() => readdirSync(folder)).toThrow(/ENOENT/);
    expect((await start({ folder, maxBytes: 0 })).origin?.note).toMatch(/off/);
    const { path } = await packNow();
    damage(path, 100);
    expect((await start({ folder, maxBytes: 1000 })).origin?.note).toMatch(/the cache may have 1000 B/);
    writeFileSync(join(root, "file"), "");
    expect((await start({ folder: join(root, "file", "packs") })).origin?.pack).toBeNull();
  });

  it("end a request with the reason, not the process, where their file is cut while they are in use", async () => {
    const { path } = await packNow();
    const engine = await Engine.load({ model, weightCache: { folder }, maxSequences: 1, contextTokens: 128 });
    expect(engine.capacity.weightOrigin?.from).toBe("pack");
    const tokens = await engine.tokenize("the thing in the hat", { addSpecial: true });
    await engine.score(tokens, 1);
    chmodSync(path, 0o644);
    truncateSync(path, 2 * 2 ** 20 + 4096);
    await expect(engine.score(tokens, 1)).rejects.toThrow(/truncated while it was in use/);
    await engine.dispose();
  });
});
