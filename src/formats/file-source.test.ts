import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { FILE_CHANGES, writeTimedFile } from "../../test/support/file-changes.ts";
import { memorySource, openFileSource } from "./file-source.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "turnwise-source-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("openFileSource", () => {
  it("reads any range and keeps views usable after dispose", () => {
    const path = join(folder, "ten");
    writeFileSync(path, Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    const source = openFileSource(path);
    expect(source.size).toBe(10);
    const view = source.view(3, 4);
    source.dispose();
    source.dispose();
    expect([...view]).toEqual([3, 4, 5, 6]);
    expect(() => source.view(0, 1)).toThrow(/after dispose/);
  });

  it("reads beyond 4 GiB", () => {
    const path = join(folder, "sparse");
    const descriptor = openSync(path, "w");
    const position = 5 * 2 ** 30 + 7;
    ftruncateSync(descriptor, position + 3);
    writeSync(descriptor, Uint8Array.from([7, 8, 9]), 0, 3, position);
    closeSync(descriptor);
    const source = openFileSource(path);
    expect([...source.view(position, 3)]).toEqual([7, 8, 9]);
    source.dispose();
  });

  it.each([
    [8, 3],
    [-1, 1],
    [0, 1.5],
    [11, 0],
    [0, Number.MAX_SAFE_INTEGER],
  ])("refuses offset %d, length %d of a file of 10 bytes", (offset, length) => {
    const path = join(folder, "range");
    writeFileSync(path, new Uint8Array(10));
    const source = openFileSource(path);
    expect(() => source.view(offset, length)).toThrow(/outside its 10 bytes/);
    expect(() => memorySource("m", new Uint8Array(10)).view(offset, length)).toThrow(/outside its 10 bytes/);
    source.dispose();
  });

  it("says why a path cannot be read", () => {
    expect(() => openFileSource(join(folder, "absent"))).toThrow(
      /Cannot read .*absent: there is no such file or folder/,
    );
    expect(() => openFileSource(folder)).toThrow(/it is a directory/);
    expect(() => openFileSource("/dev/null")).toThrow(/not a regular file/);
  });

  it.each(FILE_CHANGES)("notices where its file %s", (_, change) => {
    const path = join(folder, "current");
    writeTimedFile(path);
    const source = openFileSource(path);
    expect(source.isCurrent()).toBe(true);
    change(path);
    expect(source.isCurrent()).toBe(false);
    source.dispose();
  });

  it("notices a file that shrinks while it is open", () => {
    const path = join(folder, "shrinks");
    writeFileSync(path, new Uint8Array(100));
    const source = openFileSource(path);
    truncateSync(path, 40);
    expect(() => source.view(20, 80)).toThrow(/shrank below 100 bytes/);
    source.dispose();
  });
});

describe("memorySource", () => {
  it("shares memory with its bytes", () => {
    const bytes = Uint8Array.from([1, 2, 3]);
    const view = memorySource("m", bytes).view(1, 2);
    bytes[1] = 9;
    expect([...view]).toEqual([9, 3]);
  });
});
