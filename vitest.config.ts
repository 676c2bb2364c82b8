import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "test/support/temporary-folder.ts",
    include: ["src/**/*.test.ts", "test/{conformance,http,golden,interop,e2e}/**/*.test.ts"],
    // Minutes of scoring: `npm run test:long`.
    exclude: ["test/interop/*-perplexity.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default"],
  },
});
