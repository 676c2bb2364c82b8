/** Mapped files: views, their lifetime, and files that cannot be mapped or that shrink while mapped. */

import { spawnSync } from "node:child_process";
import {
  mkdtempSync,
  openSync,
  readFileSync,
  closeSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
  ftruncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { loadAddon, requireAddon } from "../../src/native/load-addon.ts";
import { openMappedSource } from "../../src/native/mapped-source.ts";
import { FILE_CHANGES, writeTimedFile } from "../support/file-changes.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";

const PAGE_BYTES = 4096;

describe.skipIf(NATIVE_MISSING)("mapped files", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "turnwise-mapping-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const fileOf = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };

  it("gives overlapping views of the file's bytes", () => {
    const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i * 7);
    const source = openMappedSource(fileOf("plain", bytes));
    expect(source.size).toBe(10_000);
    expect(source.view(0, 10_000)).toEqual(bytes);
    expect(source.view(4001, 10)).toEqual(bytes.subarray(4001, 4011));
    expect(source.view(4005, 10)).toEqual(bytes.subarray(4005, 4015));
    expect(source.view(10_000, 0)).toEqual(new Uint8Array());
    source.dispose();
  });

  it("takes a stray write in a copy of its own", () => {
    const path = fileOf("written", Uint8Array.of(1, 2, 3));
    const source = openMappedSource(path);
    source.view(0, 3)[1] = 9;
    expect(source.view(0, 3)).toEqual(Uint8Array.of(1, 9, 3));
    source.dispose();
    expect(new Uint8Array(readFileSync(path))).toEqual(Uint8Array.of(1, 2, 3));
  });

  it("keeps views valid after dispose, and refuses new ones", () => {
    const source = openMappedSource(fileOf("kept", Uint8Array.of(1, 2, 3)));
    const view = source.view(1, 2);
    source.dispose();
    source.dispose();
    expect(view).toEqual(Uint8Array.of(2, 3));
    expect(() => source.view(0, 1)).toThrow(/after dispose/);
    const mapping = new (requireAddon().Mapping)(join(folder, "kept"));
    mapping.dispose();
    expect(() => mapping.view(0, 1)).toThrow(/disposed/);
  });

  it.each(FILE_CHANGES)("notices where its file %s", (_, change) => {
    const path = join(folder, "current");
    writeTimedFile(path);
    const source = openMappedSource(path);
    utimesSync(path, 200, 100.25);
    expect(source.isCurrent()).toBe(true);
    change(path);
    expect(source.isCurrent()).toBe(false);
    source.dispose();
    expect(() => source.isCurrent()).toThrow(/after dispose/);
  });

  it("does not wait for the writer of a FIFO", () => {
    const path = join(folder, "fifo");
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    const source = `new (require(process.argv[1]).Mapping)(process.argv[2])`;
    const { signal, stderr } = spawnSync(process.execPath, ["-e", source, String(loadAddon().path), path], {
      encoding: "utf8",
      timeout: 20_000,
    });
    expect(signal).toBeNull();
    expect(stderr).toMatch(/not a regular file/);
  });

  it("maps an empty file", () => {
    const source = openMappedSource(fileOf("empty", new Uint8Array()));
    expect(source.size).toBe(0);
    expect(source.view(0, 0)).toEqual(new Uint8Array());
    expect(() => source.view(0, 1)).toThrow(/outside its 0 bytes/);
    source.dispose();
  });

  it.each([
    [-1, 1],
    [0, 4],
    [3, 1],
    [0.5, 1],
    [0, Number.NaN],
    [2 ** 53, 1],
    [1, 2 ** 53 - 1],
  ])("refuses the range %d, %d of 3 bytes", (offset, length) => {
    const source = openMappedSource(fileOf("three", Uint8Array.of(1, 2, 3)));
    expect(() => source.view(offset, length)).toThrow(/outside its 3 bytes/);
    const mapping = new (requireAddon().Mapping)(source.path);
    expect(() => mapping.view(offset, length)).toThrow(Error);
    mapping.dispose();
    source.dispose();
  });

  it("names the file that cannot be mapped", () => {
    expect(() => openMappedSource(join(folder, "absent"))).toThrow(/absent: open: No such file/);
    expect(() => openMappedSource(folder)).toThrow(/not a regular file/);
  });

  it("views parts of a file of many gigabytes", () => {
    const path = join(folder, "sparse");
    const size = 20 * 2 ** 30;
    const file = openSync(path, "w");
    ftruncateSync(file, size);
    writeSync(file, Uint8Array.of(5, 6), 0, 2, size - 2);
    closeSync(file);
    const source = openMappedSource(path);
    expect(source.view(size - 3, 3)).toEqual(Uint8Array.of(0, 5, 6));
    expect(source.view(5 * 2 ** 30, 3 * 2 ** 30).length).toBe(3 * 2 ** 30);
    expect(source.view(1, 2 ** 32).length).toBe(2 ** 32);
    expect(() => source.view(0, 2 ** 32 + 1)).toThrow(/at most 4 GiB/);
    source.dispose();
    rmSync(path);
  });

  it("survives a file that shrinks, and refuses to pack what was lost", () => {
    const path = fileOf("shrinking", new Uint8Array(16 * PAGE_BYTES).fill(1));
    const source = openMappedSource(path);
    const { WeightStore } = requireAddon();
    const store = new WeightStore({ isa: "scalar", threads: 2, bytes: 4 * PAGE_BYTES });
    const rows = (2 * PAGE_BYTES) / 4 / 32;
    expect(store.packMatrix(source.view(0, 2 * PAGE_BYTES), 0, 0, rows, 32, 0, 0)).toBe(0);
    truncateSync(path, PAGE_BYTES + 100);
    expect(() => store.packMatrix(source.view(0, 2 * PAGE_BYTES), 0, 0, rows, 32, 0, 0)).toThrow(/truncated/);
    // Reading what is gone gives zeros.
    const view = source.view(8 * PAGE_BYTES, 10);
    expect(view).toEqual(new Uint8Array(10));
    expect(source.view(0, 3)).toEqual(Uint8Array.of(1, 1, 1));
    store.dispose();
    source.dispose();
  });

  it("leaves other bus errors to their handler", () => {
    // In a process of its own: the signal must end it as if nothing were mapped.
    const source = `
      const { Mapping } = require(process.argv[1]);
      new Mapping(process.execPath);
      process.kill(process.pid, "SIGBUS");
      setTimeout(() => console.log("alive"), 2000);`;
    const { signal, stdout } = spawnSync(process.execPath, ["-e", source, String(loadAddon().path)], {
      encoding: "utf8",
    });
    expect({ signal, stdout }).toEqual({ signal: "SIGBUS", stdout: "" });
  });

  it.skipIf(process.platform !== "linux")("gives memory back when the last view is collected", () => {
    const path = fileOf("collected", new Uint8Array(64 * PAGE_BYTES));
    const source = `
      const { readFileSync } = require("node:fs");
      const { Mapping } = require(process.argv[1]);
      const maps = () => readFileSync("/proc/self/maps", "utf8").split("collected").length - 1;
      let mapping = new Mapping(process.argv[2]);
      let view = mapping.view(10, 10);
      mapping.dispose();
      const counts = [maps()];
      view = null;
      const collect = () => { global.gc(); setImmediate(() => (maps() > 0 && tries-- > 0 ? collect() : done())); };
      let tries = 50;
      const done = () => console.log(JSON.stringify([...counts, maps()]));
      collect();`;
    const args = ["--expose-gc", "-e", source, String(loadAddon().path), path];
    const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(JSON.parse(stdout)).toEqual([1, 0]);
  });
});
