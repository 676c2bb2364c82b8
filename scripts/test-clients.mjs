/**
 * `npm run test:clients`: installs the client libraries of test/clients from its own lockfile and runs
 * its tests against the built server. They are not the project's dependencies. Where the registry
 * cannot be reached the tests are skipped, with a line that says so, but in CI (`CI` is set) that is a failure;
 * `--offline` tests what is there.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { scriptOptions } from "./script-options.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const FOLDER = resolve(ROOT, "test/clients");
const BUILT = resolve(ROOT, "dist/program/main.js");
/** What npm says when no registry answers. */
const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|network/i;

const { values } = scriptOptions({ options: { offline: { type: "boolean", default: false } } });
if (!existsSync(BUILT)) {
  console.error("test:clients needs the build; run `npm run build` first.");
  process.exit(1);
}
if (!values.offline) install();
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec"], {
  cwd: FOLDER,
  stdio: "inherit",
});
process.exit(status ?? 1);

function install() {
  const flags = ["ci", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000"];
  const npm = spawnSync("npm", flags, { cwd: FOLDER, encoding: "utf8" });
  if (npm.status === 0) return;
  const reason = npm.error?.message ?? npm.stderr;
  if (UNREACHABLE.test(reason) && !process.env.CI) {
    console.log(`SKIPPED test:clients: the npm registry cannot be reached.\n${reason.trim()}`);
    process.exit(0);
  }
  console.error(`Installing test/clients failed:\n${reason.trim()}`);
  process.exit(1);
}
