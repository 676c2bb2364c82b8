/**
 * Files of packed weights on the native side: their checksums against published values of XXH64, and their
 * writing with everything that can go wrong.
 */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { PackWriting, WeightStoreHandle } from "../../src/native/addon-types.ts";
import { loadAddon, requireAddon } from "../../src/native/load-addon.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";
import { testFolder } from "../support/test-folder.ts";

const folder = testFolder();
const HEADER = Uint8Array.of(1, 2, 3);
const SUMS_OFFSET = 4096;
const DATA_OFFSET = 8192;
const MIB = 2 ** 20;

const pathsOf = (name: string) => ({ path: join(folder, name), partialPath: join(folder, `${name}-partial`) });
const PLACES = { header: HEADER, sumsOffset: SUMS_OFFSET, dataOffset: DATA_OFFSET };

function storeOf(bytes: number): WeightStoreHandle {
  const { WeightStore } = requireAddon();
  const store = new WeightStore({ isa: "scalar", threads: 2, bytes });
  const values = Float32Array.from({ length: Math.min(bytes / 4, 1000) }, (_, index) => index);
  store.addVector(values, 0);
  return store;
}

async function ended(store: WeightStoreHandle): Promise<PackWriting | null> {
  while (store.writing()?.state === "writing") await sleep(5);
  return store.writing();
}

function sumOf(text: string): string {
  const path = join(folder, "text");
  writeFileSync(path, text);
  const { WeightStore } = requireAddon();
  const store = new WeightStore({ isa: "scalar", threads: 1, bytes: text.length, path, offset: 0 });
  const [low = 0, high = 0] = store.blockSums();
  store.dispose();
  return (BigInt(high) * 2n ** 32n + BigInt(low)).toString(16);
}

describe.skipIf(NATIVE_MISSING)("checksums", () => {
  // From the test vectors and the documentation of xxHash and its Python binding.
  it.each([
    ["a", "d24ec4f1a98c6e5b"],
    ["abc", "44bc2cf5ad770999"],
    ["Nobody inspects the spammish repetition", "fbcea83c8a378bf1"],
  ])("of %j is XXH64", (text, sum) => {
    expect(sumOf(text)).toBe(sum);
  });

  it("are one for each 4 MiB, and tell which was changed", () => {
    const bytes = new Uint8Array(9 * MIB).map((_, index) => index % 253);
    const path = join(folder, "blocks");
    const sums = (): Uint32Array => {
      writeFileSync(path, bytes);
      const { WeightStore } = requireAddon();
      const store = new WeightStore({ isa: "scalar", threads: 2, bytes: bytes.length - 64, path, offset: 64 });
      const result = store.blockSums();
      store.dispose();
      return result;
    };
    const before = sums();
    expect(before.length).toBe(6);
    bytes[6 * MIB] = (bytes[6 * MIB] ?? 0) ^ 1;
    const after = sums();
    expect([...after].map((word, index) => word === before[index])).toEqual([true, true, false, false, true, true]);
  });
});

describe.skipIf(NATIVE_MISSING)("a mapped store", () => {
  it("refuses a range that the file does not have, and to be packed into", () => {
    const { WeightStore } = requireAddon();
    const path = join(folder, "short");
    writeFileSync(path, new Uint8Array(4096));
    const open = (offset: number, bytes: number) => new WeightStore({ isa: "scalar", threads: 1, bytes, path, offset });
    for (const [offset, bytes] of [
      [1, 64],
      [64, 4096],
      [8192, 0],
      [2 ** 52, 64],
    ] as const) {
      expect(() => open(offset, bytes)).toThrow(/outside the file/);
    }
    expect(() => new WeightStore({ isa: "scalar", threads: 1, bytes: 0, path: join(folder, "no"), offset: 0 })).toThrow(
      /open/,
    );
    const store = open(64, 4032);
    expect(() => store.addVector(Float32Array.of(1), 0)).toThrow(/lie in a file/);
    expect(() => store.packMatrix(new Uint8Array(4), 0, 0, 1, 1, 0, 0)).toThrow(/lie in a file/);
    expect(() => store.openVector(1009, 0)).toThrow(/does not lie/);
    expect(() => store.openMatrix(0, 16, 64, 0)).toThrow(/does not lie/);
    expect(store.openVector(1008, 0)).toBe(0);
    store.dispose();
  });
});

describe.skipIf(NATIVE_MISSING || process.platform !== "linux")("a mapped store's memory", () => {
  it("cannot be written to: packs are shared by all who run the model", () => {
    const { WeightStore } = requireAddon();
    const path = join(folder, "protected");
    writeFileSync(path, new Uint8Array(4096));
    const store = new WeightStore({ isa: "scalar", threads: 1, bytes: 4096, path, offset: 0 });
    const maps = readFileSync("/proc/self/maps", "utf8").split("\n");
    expect(maps.filter((line) => line.endsWith(path)).map((line) => line.split(" ")[1])).toEqual(["r--p"]);
    store.dispose();
  });
});

/** A process that writes 64 MiB as `name` and prints how that ended. */
const writerSource = (name: string): string => `
  const addon = require(${JSON.stringify(loadAddon().path)});
  const store = new addon.WeightStore({ isa: "scalar", threads: 1, bytes: ${64 * MIB} });
  const header = new Uint8Array(3);
  const paths = ${JSON.stringify(pathsOf(name))};
  store.startWriting({ ...paths, header, sumsOffset: ${SUMS_OFFSET}, dataOffset: ${DATA_OFFSET} });
  console.log("started");
  setInterval(() => {
    const { state, reason } = store.writing();
    if (state === "writing") return;
    console.log(state, reason);
    process.exit();
  }, 5);`;

describe.skipIf(NATIVE_MISSING)("writing", () => {
  it("puts the header, the sums and the data where they belong, and gives the file its name at the end", async () => {
    const bytes = 5 * MIB;
    const store = storeOf(bytes);
    const { path, partialPath } = pathsOf("written");
    expect(store.writing()).toBeNull();
    store.startWriting({ path, partialPath, ...PLACES });
    expect(() => store.startWriting({ path, partialPath, ...PLACES })).toThrow(/already/);
    expect(await ended(store)).toEqual({ state: "written", fraction: 1, reason: "" });
    const file = readFileSync(path);
    expect(existsSync(partialPath)).toBe(false);
    expect(file.length).toBe(DATA_OFFSET + bytes);
    expect([...file.subarray(0, 3)]).toEqual([...HEADER]);
    const sums = store.blockSums();
    expect(Buffer.from(sums.buffer).equals(file.subarray(SUMS_OFFSET, SUMS_OFFSET + sums.byteLength))).toBe(true);
    expect(file.readFloatLE(DATA_OFFSET + 4 * 999)).toBe(999);
    expect(statSync(path).mode & 0o222).toBe(0);
    store.dispose();
  });

  it("takes over what a killed writer left", async () => {
    const { path, partialPath } = pathsOf("taken-over");
    writeFileSync(partialPath, new Uint8Array(3 * MIB).fill(9));
    const store = storeOf(MIB);
    store.startWriting({ path, partialPath, ...PLACES });
    expect((await ended(store))?.state).toBe("written");
    expect(statSync(path).size).toBe(DATA_OFFSET + MIB);
    store.dispose();
  });

  it("leaves the file to the process that writes it first", async () => {
    const { path, partialPath } = pathsOf("shared");
    const first = storeOf(64 * MIB);
    const second = storeOf(64 * MIB);
    first.startWriting({ path, partialPath, ...PLACES });
    second.startWriting({ path, partialPath, ...PLACES });
    const states = new Set([(await ended(first))?.state, (await ended(second))?.state]);
    expect(states).toEqual(new Set(["busy", "written"]));
    expect(statSync(path).size).toBe(DATA_OFFSET + 64 * MIB);
    first.dispose();
    second.dispose();
  });

  it("removes what it wrote when the store ends first", () => {
    const { path, partialPath } = pathsOf("cancelled");
    const store = storeOf(512 * MIB);
    store.startWriting({ path, partialPath, ...PLACES });
    store.dispose();
    expect([path, partialPath].filter((name) => existsSync(name))).toEqual([]);
  });

  it("says why it fails, and leaves nothing", async () => {
    const store = storeOf(MIB);
    store.startWriting({ path: join(folder, "no", "x"), partialPath: join(folder, "no", "y"), ...PLACES });
    expect(await ended(store)).toMatchObject({ state: "failed", reason: "open: No such file or directory" });
    store.dispose();
  });

  it("fails where the disk takes no more, and removes the part that it took", () => {
    // A limit on the size of files refuses a write in the middle, as a full disk does.
    const command = `ulimit -f 20000; exec "$0" -e "$1"`;
    const { stdout } = spawnSync("bash", ["-c", command, process.execPath, writerSource("full")], { encoding: "utf8" });
    expect(stdout).toBe("started\nfailed write: File too large\n");
    expect(readdirSync(folder).filter((name) => name.startsWith("full"))).toEqual([]);
  });

  it("leaves no pack where its process is killed, and a part that the next writer takes over", async () => {
    const { path, partialPath } = pathsOf("killed");
    const child = spawn(process.execPath, ["-e", writerSource("killed")], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    while (!existsSync(partialPath)) await sleep(1);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect([path, partialPath].map((name) => existsSync(name))).toEqual([false, true]);
    const store = storeOf(MIB);
    store.startWriting({ path, partialPath, ...PLACES });
    expect((await ended(store))?.state).toBe("written");
    expect(statSync(path).size).toBe(DATA_OFFSET + MIB);
    store.dispose();
  });

  it("may be written by others until it has its name, or a killed writer would lock them out", async () => {
    const { path, partialPath } = pathsOf("nameless");
    // All succeeds but the renaming, and the file that is removed then stays to be looked at.
    mkdirSync(path);
    const file = openSync(partialPath, "w", 0o644);
    const store = storeOf(MIB);
    store.startWriting({ path, partialPath, ...PLACES });
    expect(await ended(store)).toMatchObject({ state: "failed", fraction: 1, reason: "rename: Is a directory" });
    const { mode, size } = fstatSync(file);
    closeSync(file);
    expect({ writable: (mode & 0o200) !== 0, size }).toEqual({ writable: true, size: DATA_OFFSET + MIB });
    store.dispose();
  });
});
