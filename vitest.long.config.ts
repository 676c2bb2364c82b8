/** `npm run test:long`: what takes minutes, beside the suite of `npm test`. */

import { defineConfig } from "vitest/config";

/** Scoring of texts, whole models on the interpreter, speeds, and long simulations. */
export const LONG_INTEROP = [
  "test/interop/*perplexity.test.ts",
  "test/interop/golden-interpreter.test.ts",
  "test/interop/tokenizer-speed.test.ts",
  "test/interop/fair-turns.test.ts",
];

export default defineConfig({
  test: {
    globalSetup: "test/support/temporary-folder.ts",
    include: ["src/engine/step/step-loop.property.test.ts", "test/training/*.test.ts", ...LONG_INTEROP],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 600_000,
  },
});
