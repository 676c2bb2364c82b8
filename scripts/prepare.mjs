/**
 * The npm `prepare` step: TypeScript and the program bundled of it, then the native core. Runs in a fresh
 * clone and when Turnwise is installed from git. A missing or failing C++ compiler, or absent
 * devDependencies, do not fail the install: it says what is missing and what follows from it. TypeScript
 * that does not compile does.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CompilerMissingError, buildNative } from "./build-native.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const CONSEQUENCE =
  "Models will run on the TypeScript interpreter, which is correct but slow (tiny models only). " +
  'When a compiler is there (Debian, Ubuntu: "apt-get install g++"; macOS: "xcode-select --install"), run "npm run build".';

if (await buildTypeScript()) await buildCore();

/** Returns whether to go on. */
async function buildTypeScript() {
  const compiler = findTypeScript();
  if (compiler === null) {
    console.log("turnwise: devDependencies are absent, nothing is built (npm install --include=dev builds it).");
    return false;
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, "-b"], { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) {
    console.error(`turnwise: tsc -b failed:\n${stdout}${stderr}`.trimEnd());
    process.exitCode = 1;
    return false;
  }
  const { bundle } = await import("./bundle.mjs");
  await bundle();
  return true;
}

function findTypeScript() {
  try {
    const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
    const compiler = join(dirname(manifest), "bin", "tsc");
    return existsSync(compiler) ? compiler : null;
  } catch {
    return null;
  }
}

async function buildCore() {
  try {
    await buildNative({ log: (line) => console.log(`turnwise: ${line}`) });
  } catch (thrown) {
    if (!(thrown instanceof CompilerMissingError)) console.error(`turnwise: ${thrown.message}`);
    else console.warn(`turnwise: ${thrown.message}`);
    console.warn(`turnwise: the native core was not built. ${CONSEQUENCE}`);
  }
}
