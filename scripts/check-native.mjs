/**
 * `npm run check:native`: the native core's own tests, without Node. Kernels at every level of this CPU and,
 * where it lacks AVX-512, that level emulated; then kernels, thread pool and runtime under the address, undefined
 * behaviour and thread sanitizers. What cannot run here is skipped, saying so.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

import { buildNativeTest, EMULATE_AVX512 } from "./build-native-test.mjs";

const SIMDE = ["/usr/include/simde/x86/avx512.h", "/usr/local/include/simde/x86/avx512.h"];
const ADDRESS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
const THREAD = ["-g", "-O1", "-fsanitize=thread"];

const hasAvx512 = () => process.platform === "linux" && /\bavx512_?vnni\b/.test(readFileSync("/proc/cpuinfo", "utf8"));

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

let failed = 0;
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
console.log(failed === 0 ? "check:native: all passed" : `check:native: ${failed} FAILED`);
process.exitCode = failed === 0 ? 0 : 1;
