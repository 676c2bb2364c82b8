/**
 * Builds a program of native/test into build/native/test: `kernel_test` (all kernels, no Node) or
 * `kernel_bench`. Kernels are compiled as they are shipped, each ISA level with its own flags; the tests'
 * own code only has to compile quickly. Incremental, like the build of the native core.
 *
 *   node scripts/build-native-test.mjs kernel_test -O1 -g -fsanitize=address,undefined
 *
 * Further flags are added to every command and give the program a folder of its own.
 */

import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { architectureOfPrefix, compileStale, compileUnit, findCompiler, link, nativeSources } from "./build-native.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const OUT = join(ROOT, "build", "native", "test");

/** Folders of native/ that a program is made of, beside its files of native/test. */
const PROGRAMS = {
  kernel_test: { folders: ["isa", "kernels", "pack"], tests: (name) => name !== "kernel_bench.cc" },
  kernel_bench: { folders: ["isa", "kernels", "pack"], tests: (name) => name === "kernel_bench.cc" },
};

/**
 * Builds `program` with `flags` added; `cross` is as for `buildNative`. Returns the path of the executable. Throws
 * what the compiler says.
 */
export async function buildNativeTest(program, flags = [], { cross = "" } = {}) {
  const { folders, tests } = PROGRAMS[program];
  const compiler = findCompiler({ cross });
  const variant = flags.length === 0 ? "" : createHash("sha256").update(flags.join(" ")).digest("hex").slice(0, 8);
  const out = join(`${OUT}${cross === "" ? "" : `-${architectureOfPrefix(cross)}`}`, variant, program);
  const objects = join(dirname(out), "obj");
  mkdirSync(objects, { recursive: true });
  const units = nativeSources(cross === "" ? process.arch : architectureOfPrefix(cross))
    .filter((path) => {
      const folder = relative(join(ROOT, "native"), dirname(path));
      return folders.includes(folder) || (folder === "test" && tests(basename(path)));
    })
    .map((path) => compileUnit(path, compiler, [...flagsOf(path), ...flags], objects));
  const compiled = await compileStale(units);
  mkdirSync(dirname(out), { recursive: true });
  await link(["-pthread", ...flags, ...units.map((unit) => unit.object)], units, compiler, out, compiled > 0);
  return out;
}

function flagsOf(path) {
  const level = basename(dirname(path)) === "test" ? "-O1" : "-O3";
  return ["-std=c++17", level, "-ffp-contract=off", "-Wall", "-Wextra", "-pthread"];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [program = "", ...flags] = process.argv.slice(2);
  if (!Object.hasOwn(PROGRAMS, program)) {
    console.error(`usage: build-native-test.mjs ${Object.keys(PROGRAMS).join("|")} [flags]`);
    process.exit(2);
  }
  try {
    console.log(await buildNativeTest(program, flags));
  } catch (thrown) {
    console.error(`native tests: ${thrown.message}`);
    process.exit(1);
  }
}
