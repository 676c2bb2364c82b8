import { mkdtempSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cacheDirectory, writableCacheDirectory } from "./cache-directory.ts";

const HOME_CACHE = join(homedir(), ".cache", "turnwise");

test.each([
  [{}, null, HOME_CACHE],
  [{ XDG_CACHE_HOME: "/var/x" }, null, "/var/x/turnwise"],
  [{ XDG_CACHE_HOME: "" }, null, HOME_CACHE],
  [{ XDG_CACHE_HOME: "relative/is/ignored" }, null, HOME_CACHE],
  [{ XDG_CACHE_HOME: "/var/x", TURNWISE_CACHE_DIR: "/models" }, null, "/models"],
  [{ XDG_CACHE_HOME: "/var/x", TURNWISE_CACHE_DIR: "" }, null, "/var/x/turnwise"],
  [{ XDG_CACHE_HOME: "/var/x", TURNWISE_CACHE_DIR: "/models" }, "/given", "/given"],
])("%j and --cache-dir %j give %s", (env, named, expected) => {
  expect(cacheDirectory(env, named)).toBe(expected);
});

test("a named directory that cannot be made is an error; nothing else is taken in its place", () => {
  const file = join(mkdtempSync(join(tmpdir(), "turnwise-cache-")), "file");
  writeFileSync(file, "");
  expect(() => writableCacheDirectory({}, join(file, "cache"))).toThrow(/Cannot write .*file\/cache: /);
  expect(() => writableCacheDirectory({ TURNWISE_CACHE_DIR: join(file, "cache") })).toThrow(/Cannot write/);
});

test("an unnamed one falls back to this user's own in the temporary directory", () => {
  const file = join(mkdtempSync(join(tmpdir(), "turnwise-cache-")), "file");
  writeFileSync(file, "");
  expect(writableCacheDirectory({ XDG_CACHE_HOME: file })).toMatch(/turnwise-/);
  const fine = mkdtempSync(join(tmpdir(), "turnwise-cache-"));
  expect(writableCacheDirectory({ XDG_CACHE_HOME: fine })).toBe(join(fine, "turnwise"));
});
