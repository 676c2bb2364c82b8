/** `npm run test:long`: what takes minutes, beside the suite of `npm test`. */

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "test/support/temporary-folder.ts",
    include: ["src/engine/step/step-loop.property.test.ts", "test/interop/*-perplexity.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 600_000,
  },
});
