/**
 * The native core's kernels by themselves, on every ISA level of this machine: builds and runs
 * native/test/kernel_test, whose checks are in C++ beside the kernels.
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");
const COMPILER = process.env["CXX"] ?? "g++";

const hasCompiler = spawnSync(COMPILER, ["--version"], { stdio: "ignore" }).status === 0;
if (!hasCompiler) console.warn(`no ${COMPILER}: the kernels' own tests are skipped`);

/** Compiling takes about 10 s of two free cores; a busy machine needs several times that. */
const BUILD_LIMIT_MS = 240_000;

it.skipIf(!hasCompiler || process.platform === "win32")(
  "every kernel passes its own tests",
  () => {
    const build = spawnSync(process.execPath, ["scripts/build-native-test.mjs", "kernel_test"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    expect(build.stderr).toBe("");
    expect(build.status).toBe(0);
    const run = spawnSync("build/native/test/kernel_test", [], { cwd: ROOT, encoding: "utf8" });
    expect(run.stdout).toMatch(/[1-9]\d* passed, 0 failed\n$/);
    expect(run.status).toBe(0);
  },
  BUILD_LIMIT_MS,
);
