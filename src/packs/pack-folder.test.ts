import { existsSync, mkdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { testFolder } from "../../test/support/test-folder.ts";
import { encodePackHeader, planPack } from "./pack-file.ts";
import { PackFolder, removePack, staleReason } from "./pack-folder.ts";

const root = testFolder();
const path = join(root, "packs");
const model = join(root, "model.gguf");
const WEIGHT_BYTES = 4096;
const { fileBytes: PACK_BYTES } = planPack(WEIGHT_BYTES);
const packs = new PackFolder(path);

beforeEach(() => {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  writeFileSync(model, "weights");
  utimesSync(model, 1000, 1000);
});

/** A pack of `model`, used so many seconds after the epoch. */
function writePack(name: string, usedSeconds: number, modifiedMs: number | null = 1_000_000): string {
  const packPath = packs.pathOf(name, "rows16x4", "0123456789abcdef0123");
  const files = modifiedMs === null ? null : [model];
  const header = { key: "k", layout: "rows16x4", model: { name, files, bytes: 7, modifiedMs, quant: "none" } };
  writeFileSync(packPath, encodePackHeader(header, WEIGHT_BYTES));
  truncateSync(packPath, PACK_BYTES);
  utimesSync(packPath, usedSeconds, usedSeconds);
  return packPath;
}

const namesOf = (entries: readonly { readonly header: { readonly model: { readonly name: string } } | null }[]) =>
  entries.map(({ header }) => header?.model.name);

describe("PackFolder", () => {
  it("names packs for people and by their key, in its own folder whatever the model is called", () => {
    expect(packs.pathOf("Llama 3/../x", "rows16x4", "0123456789abcdef0123")).toBe(
      join(path, "Llama_3_.._x.rows16x4.0123456789abcdef.twpack"),
    );
  });

  it("lists what is there, the last used first, and nothing where there is no folder", () => {
    writePack("old", 10);
    writePack("new", 30);
    writeFileSync(join(path, "bad.twpack"), "no pack");
    writeFileSync(join(path, "other.txt"), "");
    utimesSync(join(path, "bad.twpack"), 20, 20);
    expect(namesOf(packs.list())).toEqual(["new", undefined, "old"]);
    packs.touch(packs.pathOf("old", "rows16x4", "0123456789abcdef0123"));
    expect(namesOf(packs.list())[0]).toBe("old");
    expect(new PackFolder(join(root, "absent")).list()).toEqual([]);
  });

  it("tells which were made of a model's files", () => {
    writePack("made", 10);
    writePack("moved", 20, null);
    expect(namesOf(packs.madeOf([model]))).toEqual(["made"]);
    expect(packs.madeOf([join(root, "other.gguf")])).toEqual([]);
  });

  it("lets the least recently used go until the rest fits", () => {
    for (const [index, name] of ["c", "a", "b"].entries()) writePack(name, 10 + index);
    expect(namesOf(packs.largerThan(3 * PACK_BYTES))).toEqual([]);
    expect(namesOf(packs.largerThan(3 * PACK_BYTES - 1))).toEqual(["c"]);
    expect(namesOf(packs.largerThan(PACK_BYTES))).toEqual(["c", "a"]);
    expect(namesOf(packs.largerThan(-1))).toEqual(["c", "a", "b"]);
  });

  it("finds what killed writers left, and leaves those that write", () => {
    const abandoned = packs.partialPathOf(packs.pathOf("x", "rows16x4", "0123456789abcdef"));
    writeFileSync(abandoned, "half");
    expect(packs.abandoned()).toEqual([]);
    utimesSync(abandoned, 10, 10);
    expect(packs.abandoned().map((file) => file.path)).toEqual([abandoned]);
    removePack({ path: abandoned });
    expect(existsSync(abandoned)).toBe(false);
    expect(packs.list()).toEqual([]);
  });

  it("knows that no disk has room for everything", () => {
    expect(packs.hasRoom(2 ** 60)).toBe(false);
  });
});

function reason(): string | null {
  const [entry] = packs.list();
  return entry === undefined ? "none" : staleReason(entry);
}

describe("staleReason", () => {
  it("is none while the model is as it was, or where the pack is for other machines", () => {
    writePack("x", 10);
    expect(reason()).toBeNull();
    rmSync(path, { recursive: true });
    mkdirSync(path);
    writePack("x", 10, null);
    rmSync(model);
    expect(reason()).toBeNull();
  });

  it("says that the model is gone, or has changed, or that the file is no pack", () => {
    writePack("x", 10);
    utimesSync(model, 1001, 1001);
    expect(reason()).toBe("its model has changed");
    utimesSync(model, 1000, 1000);
    truncateSync(model, 3);
    utimesSync(model, 1000, 1000);
    expect(reason()).toBe("its model has changed");
    rmSync(model);
    expect(reason()).toBe("its model is gone");
    rmSync(path, { recursive: true });
    mkdirSync(path);
    writeFileSync(join(path, "bad.twpack"), "no pack");
    expect(reason()).toBe("it is no pack");
  });
});
