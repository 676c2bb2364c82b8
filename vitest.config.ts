import { defineConfig } from "vitest/config";
import { LONG_INTEROP } from "./vitest.long.config.ts";

export default defineConfig({
  test: {
    globalSetup: "test/support/temporary-folder.ts",
    include: [
      "src/**/*.test.ts",
      "{scripts,bench/peers}/*.test.mjs",
      "test/{conformance,http,golden,interop,e2e}/**/*.test.ts",
    ],
    // Minutes of it: `npm run test:long`.
    exclude: LONG_INTEROP,
    pool: "forks",
    maxWorkers: 2,
    // Two processes run all files: a process and its modules for each would take a fifth of the whole.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default"],
  },
});
