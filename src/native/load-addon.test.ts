import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ADDON_ABI } from "./addon-types.ts";
import { findAddon } from "./load-addon.ts";
import { cachedBuildPath, checkoutBuildPath, isMusl, platformPackageName } from "./native-paths.ts";

const VERSION = "1.2.3";

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const report = (header: object) => () => ({ header });

it("knows Linux without glibc by Node's report", () => {
  expect(isMusl("linux", report({ glibcVersionRuntime: "2.36", glibcVersionCompiler: "2.28" }))).toBe(false);
  expect(isMusl("linux", report({ arch: "x64" }))).toBe(true);
  expect(isMusl("darwin", report({ arch: "arm64" }))).toBe(false);
});

describe("findAddon", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "turnwise-root-"));
    write(join(root, "package.json"), JSON.stringify({ version: VERSION }));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** No cache of this user, whatever the machine has. */
  const find = (environment: Record<string, string> = {}) =>
    findAddon({ root, environment: { XDG_CACHE_HOME: join(root, "cache"), ...environment } });
  /** A module in place of a binary: what matters here is what it exports. */
  const addonFile = (name: string, abi: unknown): string =>
    write(join(root, name), `module.exports = { abi: ${JSON.stringify(abi)} };`);
  const platformPackage = (version: string): void => {
    const folder = join(root, "node_modules", platformPackageName());
    write(join(folder, "package.json"), JSON.stringify({ name: platformPackageName(), version }));
    write(join(folder, "turnwise.node"), "not a binary");
  };

  it("lists every place it looked at, in order, with the reason", () => {
    const { addon, origin, tried } = find();
    expect([addon, origin]).toEqual([null, null]);
    expect(tried).toEqual([
      { origin: "platform-package", candidate: platformPackageName(), reason: "it is not installed" },
      { origin: "checkout", candidate: checkoutBuildPath(root), reason: "there is no such file" },
      {
        origin: "user-build",
        candidate: cachedBuildPath({ XDG_CACHE_HOME: join(root, "cache") }, root),
        reason: "there is no such file",
      },
    ]);
    expect(tried[2]?.candidate).toContain(`${VERSION}-${process.platform}-${process.arch}`);
  });

  it("takes the file that TURNWISE_NATIVE names", () => {
    const path = addonFile("mine.cjs", ADDON_ABI);
    const found = find({ TURNWISE_NATIVE: path });
    expect(found).toMatchObject({ origin: "environment", path, tried: [], addon: { abi: ADDON_ABI } });
  });

  it.each([
    ["a file that is not there", "absent.node", "there is no such file"],
    ["another ABI", "other.cjs", `its ABI is 99, this version needs ${ADDON_ABI}; build it again`],
    ["what is no addon", "number.cjs", `its ABI is undefined, this version needs ${ADDON_ABI}; build it again`],
    ["what does not load", "throws.cjs", "broken"],
  ])("does not fall back from an override with %s", (_, name, reason) => {
    addonFile("other.cjs", 99);
    write(join(root, "number.cjs"), "module.exports = 7;");
    write(join(root, "throws.cjs"), 'throw new Error("broken\\nRequire stack: ...");');
    const { addon, tried } = find({ TURNWISE_NATIVE: join(root, name) });
    expect(addon).toBeNull();
    expect(tried).toEqual([{ origin: "environment", candidate: join(root, name), reason }]);
  });

  it("is turned off by TURNWISE_NATIVE=off, and not by an empty value", () => {
    expect(find({ TURNWISE_NATIVE: "off" }).tried).toEqual([
      { origin: "environment", candidate: "TURNWISE_NATIVE", reason: "it is off" },
    ]);
    expect(find({ TURNWISE_NATIVE: "" }).tried).toHaveLength(3);
  });

  it("passes over a platform package of another version", () => {
    platformPackage("1.2.4");
    expect(find().tried[0]?.reason).toBe(`it is version 1.2.4, this is ${VERSION}`);
  });

  it("passes over files that are no binaries", () => {
    platformPackage(VERSION);
    cpSync(join(root, "package.json"), checkoutBuildPath(root));
    const { addon, tried } = find();
    expect(addon).toBeNull();
    expect(tried.slice(0, 2).map(({ reason }) => reason)).not.toContain("there is no such file");
    expect(tried.slice(0, 2).every(({ reason }) => reason.length > 0)).toBe(true);
  });
});
