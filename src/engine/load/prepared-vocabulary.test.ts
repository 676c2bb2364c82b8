import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { testFolder } from "../../../test/support/test-folder.ts";
import { ggufMetadata } from "../../formats/gguf/metadata.ts";
import { randomVocabulary } from "../../models/random/random-vocabulary.ts";
import { PackFolder, staleReason } from "../../packs/pack-folder.ts";
import {
  encodePrepared,
  type PreparedVocabulary,
  prepareVocabulary,
} from "../../text/grammar/masks/prepared-vocabulary.ts";
import { vocabularyFromMetadata } from "../../text/tokenizer/from-metadata.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";
import { buildVocabularyBytes } from "../../text/tokenizer/vocabulary-bytes.ts";
import { preparedVocabulary, type PreparedPlace } from "./prepared-vocabulary.ts";

const root = testFolder();
const folder = join(root, "packs");
const model = join(root, "model.gguf");
const vocabulary = ofSize(20_000);

function ofSize(tokens: number): VocabularyBytes {
  return buildVocabularyBytes(vocabularyFromMetadata(ggufMetadata(new Map(randomVocabulary(tokens).metadata))));
}

function place(changed: Partial<PreparedPlace["settings"]> = {}): PreparedPlace {
  const settings = { folder, readOnly: false, maxBytes: 2 ** 30, minBytes: 0, ...changed };
  return { settings, model: { name: "made-up", files: [model], bytes: 7, modifiedMs: 1_000_000, quant: "none" } };
}

/** As one text: to compare the arrays element by element takes seconds. */
const bytesOf = (prepared: PreparedVocabulary): string => Buffer.from(encodePrepared(prepared)).toString("latin1");
const expected = bytesOf(prepareVocabulary(vocabulary));
const made = (where: PreparedPlace | null): boolean => bytesOf(preparedVocabulary(vocabulary, where)) === expected;

const list = () => new PackFolder(folder).list();

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  writeFileSync(model, "weights");
  utimesSync(model, 1000, 1000);
});

describe("preparedVocabulary", () => {
  it("gives what it kept, which the cache lists, and which goes with its model", () => {
    expect(made(place())).toBe(true);
    const [entry, ...others] = list();
    expect(others).toEqual([]);
    expect(entry?.header).toMatchObject({ layout: "masks", model: { name: "made-up" } });
    const before = readFileSync(entry?.path ?? "");
    utimesSync(entry?.path ?? "", 10, 10);
    expect(made(place())).toBe(true);
    // It was read and not written again; the use is noted.
    expect(readFileSync(entry?.path ?? "").equals(before)).toBe(true);
    expect(list()[0]?.usedMs).toBeGreaterThan(10_000);
    expect(list().map(staleReason)).toEqual([null]);
    rmSync(model);
    expect(list().map(staleReason)).toEqual(["its model is gone"]);
  });

  it("makes anew what is damaged, wherever that is", () => {
    expect(made(place())).toBe(true);
    const path = list()[0]?.path ?? "";
    const good = readFileSync(path);
    for (const at of [9, 70, 256 * 1024, 256 * 1024 + 5000, good.length - 1]) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      writeFileSync(path, bad);
      expect(made(place())).toBe(true);
      expect(readFileSync(path).equals(good)).toBe(true);
    }
    writeFileSync(path, good.subarray(0, good.length - 1));
    expect(made(place())).toBe(true);
  });

  it("keeps another vocabulary apart, though its model has the same name", () => {
    preparedVocabulary(vocabulary, place());
    const other = ofSize(20_001);
    expect(preparedVocabulary(other, place()).characters.length).toBe(20_001);
    expect(list().length).toBe(2);
  });

  it.each([
    ["without a cache", null],
    ["in a cache that is read-only", place({ readOnly: true })],
    ["in a cache without room", place({ maxBytes: 1000 })],
    ["where no folder can be made", place({ folder: join(model, "packs") })],
  ])("writes nothing %s", (_, where) => {
    expect(made(where)).toBe(true);
    expect(existsSync(folder) ? list() : []).toEqual([]);
  });
});
