/**
 * `npm run check`: everything that must hold before a change is merged, one step after the other, with
 * each step's time. All steps run even when one fails; the exit status says whether all passed.
 * Plain JavaScript, so that it runs where the TypeScript tools are what is broken.
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);

/** The script behind a package's command, so that no shell and no npx is between. */
function binOf(packageName, command) {
  const manifestPath = join(ROOT, "node_modules", packageName, "package.json");
  const { bin } = JSON.parse(readFileSync(manifestPath, "utf8"));
  return join(dirname(manifestPath), typeof bin === "string" ? bin : bin[command]);
}

const tsx = (script) => ["--import", require.resolve("tsx"), join("scripts", script)];

const STEPS = [
  { name: "format", args: () => [binOf("oxfmt", "oxfmt"), "--check", "."] },
  { name: "lint", args: () => [binOf("oxlint", "oxlint"), "--type-aware", "--deny-warnings"] },
  { name: "types", args: () => [binOf("typescript", "tsc"), "-p", "tsconfig.check.json"] },
  { name: "layers", args: () => tsx("check-layers.ts") },
  { name: "sizes", args: () => tsx("size.ts") },
  { name: "patterns", args: () => tsx("check-patterns.ts") },
  { name: "docs", args: () => tsx("check-docs.ts") },
  { name: "unit tests", args: () => [binOf("vitest", "vitest"), "run", "src/", "scripts/", "bench/"] },
];

const results = STEPS.map(({ name, args }) => {
  console.log(`\n== ${name}`);
  const startMs = performance.now();
  const { status, error } = spawnSync(process.execPath, args(), { cwd: ROOT, stdio: "inherit" });
  if (error) console.error(error.message);
  return { name, passed: status === 0, seconds: (performance.now() - startMs) / 1000 };
});

console.log("\n== summary");
for (const { name, passed, seconds } of results) {
  console.log(`${passed ? "passed" : "FAILED"}  ${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s`);
}
const failed = results.filter(({ passed }) => !passed).length;
console.log(`check: ${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
