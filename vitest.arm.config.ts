/**
 * Tests in an arm64 Node under qemu, for `scripts/test-arm.mjs`: this machine's Node transforms the files,
 * and the workers that run them are started with the program that TURNWISE_ARM_NODE names.
 */

import { defineConfig } from "vitest/config";

const armNode = process.env["TURNWISE_ARM_NODE"];
// vitest starts its workers by `fork`, which takes this path; there is no option for it.
if (armNode !== undefined) process.execPath = armNode;

export default defineConfig({
  test: {
    globalSetup: "test/support/temporary-folder.ts",
    pool: "forks",
    // A worker takes long to start here, so all files share one.
    isolate: false,
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Processes that tests start find the emulated Node as well.
    execArgv: ["--import", "./test/support/arm-exec-path.mjs"],
    exclude: [
      // Compiles the core with this machine's compiler.
      "test/conformance/native-build.test.ts",
    ],
    reporters: ["default"],
  },
});
