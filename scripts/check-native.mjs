/**
 * `npm run check:native`: the native core's own tests, most without Node. Kernels at every level of this CPU and,
 * where it lacks AVX-512, that level emulated; then kernels, thread pool and runtime under the address, undefined
 * behaviour and thread sanitizers; last the core as clang++ builds it, in Node. What cannot run here is skipped, saying so.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { buildNativeTest, EMULATE_AVX512 } from "./build-native-test.mjs";
import { buildNative } from "./build-native.mjs";
import { scriptOptions } from "./script-options.mjs";

scriptOptions({});

const ROOT = resolve(import.meta.dirname, "..");
const PROGRAM = join(ROOT, "dist", "program", "main.js");
/** Debian's packages of a version bring no plain name. */
const CLANGS = ["clang++", ...[19, 18, 17, 16, 15, 14].map((version) => `clang++-${version}`)];

const SIMDE = ["/usr/include/simde/x86/avx512.h", "/usr/local/include/simde/x86/avx512.h"];
const ADDRESS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
const THREAD = ["-g", "-O1", "-fsanitize=thread"];

const hasFeature = (name) => process.platform === "linux" && name.test(readFileSync("/proc/cpuinfo", "utf8"));
const hasAvx512 = () => hasFeature(/\bavx512_?vnni\b/);

/** Why AVX-512 need not or cannot be emulated, or null. */
function emulationObstacle() {
  if (process.arch !== "x64") return "this is no x86 CPU";
  if (hasAvx512()) return "this CPU has AVX-512: the first step ran it";
  if (!SIMDE.some((path) => existsSync(path))) return "SIMDe is not installed (apt-get install libsimde-dev)";
  return null;
}

const STEPS = [
  { name: "kernels", program: "kernel_test", flags: [] },
  { name: "AVX-512 emulated", program: "kernel_test", flags: [EMULATE_AVX512], args: ["avx512-vnni"] },
  { name: "thread pool", program: "pool_test", flags: [] },
  { name: "runtime", program: "runtime_test", flags: [] },
  { name: "kernels, address and undefined", program: "kernel_test", flags: ADDRESS },
  { name: "thread pool, address and undefined", program: "pool_test", flags: ADDRESS },
  { name: "runtime, address and undefined", program: "runtime_test", flags: ADDRESS },
  { name: "thread pool, thread", program: "pool_test", flags: THREAD },
  { name: "runtime, thread", program: "runtime_test", flags: THREAD },
];

/** Null where the core that clang++ builds passes the self-test against the interpreter, or where it cannot be tried. */
async function clangProblem() {
  const clang = CLANGS.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
  if (clang === undefined || !existsSync(PROGRAM)) {
    const missing = clang === undefined ? "clang++ is not installed (apt-get install clang)" : `there is no ${PROGRAM}`;
    console.warn(`SKIPPED: ${missing}`);
    return null;
  }
  const core = await buildNative({
    cxx: clang,
    out: join(ROOT, "build", "native-clang", "turnwise.node"),
    log: (line) => console.log(line),
  });
  const env = { ...process.env, TURNWISE_NATIVE: core };
  const { stdout, stderr } = spawnSync(process.execPath, [PROGRAM, "doctor", "--json"], { env, encoding: "utf8" });
  if (stdout === "") return stderr;
  const { native, selfTest } = JSON.parse(stdout);
  if (native.path !== core) return `it does not load: ${native.tried[0]?.reason}`;
  return selfTest.passed ? null : "the self-test failed";
}

let failed = 0;
if (process.arch === "x64" && !hasFeature(/\bavx_vnni\b/)) {
  console.warn("SKIPPED: the level avx-vnni, which this CPU lacks and nothing emulates");
}
for (const { name, program, flags, args = [] } of STEPS) {
  console.log(`== ${name}`);
  const obstacle = flags.includes(EMULATE_AVX512) ? emulationObstacle() : null;
  if (obstacle !== null) {
    console.warn(`SKIPPED: ${obstacle}`);
    continue;
  }
  const path = await buildNativeTest(program, flags);
  const { status, signal } = spawnSync(path, args, { stdio: "inherit" });
  if (status !== 0) {
    console.error(`FAILED: ${signal ?? `status ${status}`}`);
    failed += 1;
  }
}
console.log("== core of clang++, against the interpreter");
const problem = await clangProblem().catch((thrown) => thrown.message);
if (problem !== null) {
  console.error(`FAILED: ${problem}`);
  failed += 1;
}
console.log(failed === 0 ? "check:native: all passed" : `check:native: ${failed} FAILED`);
process.exitCode = failed === 0 ? 0 : 1;
