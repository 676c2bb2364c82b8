/**
 * Builds a program of native/test into build/native/test: `kernel_test` (all kernels, no Node), `pool_test`
 * (the thread pool), `runtime_test` (sampler, weights and their files) or `kernel_bench`. Kernels are compiled as they are
 * shipped, each ISA level with its own flags; the tests' own code only has to compile quickly. Incremental, like the build
 * of the native core.
 *
 *   node scripts/build-native-test.mjs kernel_test -O1 -g -fsanitize=address,undefined
 *
 * Further flags are added to every command and give the program a folder of its own.
 */

import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { architectureOfPrefix, compileStale, compileUnit, findCompiler, link, nativeSources } from "./build-native.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const OUT = join(ROOT, "build", "native", "test");

const KERNELS = /^(isa|kernels|pack)\//;
const RUNTIME = /^(program|runtime)\//;
/** What the tests of several programs share. */
const SHARED = ["test/testing.cc", "test/sources.cc", "test/quant_blocks.cc"];
const RUNTIME_TESTS = ["test/runtime_test.cc", "test/sampler_test.cc", "test/store_test.cc"];
const OTHER_TESTS = ["test/kernel_bench.cc", "test/pool_test.cc", ...RUNTIME_TESTS];

/** The sources of each program, by their path in native/. */
const PROGRAMS = {
  kernel_test: (path) => KERNELS.test(path) || (path.startsWith("test/") && !OTHER_TESTS.includes(path)),
  runtime_test: (path) => KERNELS.test(path) || RUNTIME.test(path) || [...SHARED, ...RUNTIME_TESTS].includes(path),
  kernel_bench: (path) => KERNELS.test(path) || path === "test/kernel_bench.cc",
  pool_test: (path) =>
    [
      "runtime/aligned_memory.cc",
      "runtime/numa.cc",
      "runtime/thread_pool.cc",
      "test/pool_test.cc",
      "test/testing.cc",
    ].includes(path),
};

/** With this flag AVX-512 runs on every x86 CPU, emulated by native/test/emulated_avx512.h over SIMDe. */
export const EMULATE_AVX512 = "-DTURNWISE_EMULATE_AVX512";
const AVX512_UNIT = "isa/avx512_vnni.cc";

/**
 * Builds `program` with `flags` added; `cross` is as for `buildNative`. Returns the path of the executable. Throws
 * what the compiler says.
 */
export async function buildNativeTest(program, flags = [], { cross = "" } = {}) {
  const compiler = findCompiler({ cross });
  const variant = flags.length === 0 ? "" : createHash("sha256").update(flags.join(" ")).digest("hex").slice(0, 8);
  const out = join(`${OUT}${cross === "" ? "" : `-${architectureOfPrefix(cross)}`}`, variant, program);
  const objects = join(dirname(out), "obj");
  mkdirSync(objects, { recursive: true });
  const units = nativeSources(cross === "" ? process.arch : architectureOfPrefix(cross))
    .filter((path) => PROGRAMS[program](inNative(path)))
    .map((path) => testUnit(path, compiler, flags, objects));
  const compiled = await compileStale(units);
  mkdirSync(dirname(out), { recursive: true });
  await link(["-pthread", ...flags, ...units.map((unit) => unit.object)], units, compiler, out, compiled > 0);
  return out;
}

const inNative = (path) => relative(join(ROOT, "native"), path).replaceAll("\\", "/");

function testUnit(path, compiler, flags, objects) {
  const level = inNative(path).startsWith("test/") ? "-O1" : "-O3";
  const base = ["-std=c++17", level, "-ffp-contract=off", "-Wall", "-Wextra", "-pthread"];
  const unit = compileUnit(path, compiler, [...base, ...flags], objects);
  if (!flags.includes(EMULATE_AVX512) || inNative(path) !== AVX512_UNIT) return unit;
  // Without the level's own flags; GCC 12 fails on these vectors of 64 bytes as soon as it optimises.
  return {
    ...unit,
    flags: [...unit.flags.filter((flag) => !flag.startsWith("-mavx512")), "-O0", "-mavx2", "-mf16c", "-Wno-psabi"],
  };
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
