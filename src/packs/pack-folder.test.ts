import { existsSync, mkdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { testFolder } from "../../test/support/test-folder.ts";
import { encodePackHeader, planPack } from "./pack-file.ts";
import { largerThan, PackFolder, removePack, staleReason } from "./pack-folder.ts";

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
function writePack(
  name: string,
  usedSeconds: number,
  modifiedMs: number | null = 1_000_000,
  key = "0123456789abcdef0123",
): string {
  const packPath = packs.pathOf(name, "rows16x4", key);
  const files = modifiedMs === null ? null : [model];
  const header = { key, layout: "rows16x4", model: { name, files, bytes: 7, modifiedMs, quant: "none" } };
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
    const entries = packs.list();
    const larger = (maxBytes: number) => namesOf(largerThan(entries, maxBytes));
    expect(larger(3 * PACK_BYTES)).toEqual([]);
    expect(larger(3 * PACK_BYTES - 1)).toEqual(["c"]);
    expect(larger(PACK_BYTES)).toEqual(["c", "a"]);
    expect(larger(-1)).toEqual(["c", "a", "b"]);
  });

  it("plans room for one more: within the bound, and in its own place", () => {
    for (const [index, name] of ["c", "a", "b"].entries()) writePack(name, 10 + index);
    const next = packs.pathOf("d", "rows16x4", "0123456789abcdef0123");
    const planned = (packPath: string, maxBytes: number) => {
      const room = packs.planRoom(packPath, PACK_BYTES, maxBytes);
      return room.kind === "room" ? namesOf(room.evicted) : room.kind;
    };
    expect(planned(next, 4 * PACK_BYTES)).toEqual([]);
    expect(planned(next, 3 * PACK_BYTES)).toEqual(["c"]);
    expect(planned(next, PACK_BYTES)).toEqual(["c", "a", "b"]);
    expect(planned(next, PACK_BYTES - 1)).toBe("over-bound");
    expect(planned(packs.pathOf("b", "rows16x4", "0123456789abcdef0123"), 3 * PACK_BYTES)).toEqual([]);
    expect(packs.planRoom(next, 2 ** 60, 2 ** 61).kind).toBe("disk-full");
  });

  it("finds a pack by its key under any name, its own before another's, and none of another time", () => {
    const wanted = { key: "k", layout: "rows16x4", model: { files: [model], bytes: 7, quant: "none" } };
    const find = (name: string, modifiedMs: number) =>
      packs.find({ ...wanted, model: { ...wanted.model, name, modifiedMs } });
    const own = packs.pathOf("own", "rows16x4", "k");
    expect(find("own", 5)).toBe(own);
    const moved = writePack("moved", 10, null, "k");
    writePack("other", 10, 1_000_000, "k");
    writePack("another key", 10, null, "kk");
    expect(find("own", 5)).toBe(moved);
    rmSync(moved);
    expect(find("own", 5)).toBe(own);
    expect(find("own", 1_000_000)).toBe(packs.pathOf("other", "rows16x4", "k"));
    writePack("own", 10, 1_000_000, "k");
    expect(find("own", 1_000_000)).toBe(own);
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
