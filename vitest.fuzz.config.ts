/** `npm run fuzz`: the long versions of property tests, minutes each. */

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "test/support/temporary-folder.ts",
    include: ["test/fuzz/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 1_800_000,
  },
});
