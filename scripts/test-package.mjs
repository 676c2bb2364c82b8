/**
 * `npm run test:package`: what `npm run package` made installs offline, with no compiler on the PATH and
 * with no script run, and then serves a chat completion: on this machine's Node, and for the other
 * architecture in an arm64 Node under qemu. Installed without its platform's core, it compiles one by `turnwise build-native`.
 *
 *   node scripts/test-package.mjs [--platforms x64,arm64]
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { requireTools, writeNodeWrapper } from "./arm-tools.mjs";
import { packageAll } from "./package.mjs";
import { runCommand } from "./run-command.mjs";
import { scriptOptions } from "./script-options.mjs";

/** An emulated Node takes tens of seconds to load what a real one loads in one. */
const START_LIMIT_MS = 300_000;

/** Of a server under test: where it listens. */
const LISTENING = /(?<url>http:\/\/127\.0\.0\.1:\d+)/;

const { values } = scriptOptions({ options: { platforms: { type: "string", default: "x64,arm64" } } });

async function testPackages(architectures) {
  const tarballs = await packageAll(architectures);
  const folder = mkdtempSync(join(tmpdir(), "turnwise-package-"));
  try {
    // Fills a cache of its own, so that the installs under test find what they need in it and nowhere else.
    const bare = install(folder, "online", tarballs.slice(0, 1), []);
    checkBuild(bare, join(folder, "user-cache"));
    console.log("without a ready-made core: built one, and it passes the self-test");
    for (const [index, architecture] of architectures.entries()) {
      const isOther = architecture !== process.arch;
      // npm holds back packages for other machines, which is right but for an emulated one.
      const flags = isOther ? ["--offline", "--force", `--cpu=${architecture}`] : ["--offline"];
      const installed = install(folder, architecture, [tarballs[0], tarballs[index + 1]], flags);
      const node = isOther ? writeNodeWrapper() : process.execPath;
      checkDoctor(node, installed, architecture);
      await checkServer(node, installed);
      console.log(`${architecture}: installed offline and answered`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every script would fail, and there is no compiler to find. Returns the installed package's folder. */
function install(folder, name, tarballs, flags) {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "private": true }\n');
  const args = ["install", ...tarballs, ...flags, "--no-audit", "--no-fund", "--script-shell=/bin/false"];
  runCommand("npm", [...args, "--cache", join(folder, "cache")], {
    cwd: project,
    env: { PATH: pathWithoutCompilers() },
  });
  return join(project, "node_modules", "turnwise");
}

/** npm and Node alone. */
function pathWithoutCompilers() {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-path-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const tool of ["npm", "node", "sh", "env"]) {
    const path = runCommand("sh", ["-c", `command -v ${tool}`]).trim();
    runCommand("ln", ["-s", path, join(folder, tool)]);
  }
  return folder;
}

const programOf = (installed) => join(installed, "dist/program/main.js");

/** As a user of a system without a ready-made core: its sources compile where they were installed, and are then found. */
function checkBuild(installed, cache) {
  const turnwise = (...args) =>
    runCommand(process.execPath, [programOf(installed), ...args], {
      cwd: dirname(installed),
      env: { TURNWISE_CACHE_DIR: cache },
    });
  const built = turnwise("build-native").trim();
  const { native, selfTest } = JSON.parse(turnwise("doctor", "--json"));
  if (native.origin !== "user-build" || native.path !== built || !built.startsWith(cache)) {
    throw new Error(`the core comes from ${native.origin}, ${native.path}; build-native made ${built}`);
  }
  if (selfTest?.passed !== true) throw new Error(`the self-test of ${built} failed`);
}

function checkDoctor(node, installed, architecture) {
  const report = JSON.parse(runCommand(node, [programOf(installed), "doctor", "--json"], { cwd: dirname(installed) }));
  const { origin, path } = report.native;
  const expected = join(dirname(installed), "@turnwise", `linux-${architecture}-gnu`, "turnwise.node");
  if (origin !== "platform-package" || path !== expected) {
    throw new Error(`${architecture}: the core comes from ${origin}, ${path}; expected ${expected}`);
  }
  if (report.selfTest?.passed !== true) throw new Error(`${architecture}: the self-test failed`);
}

async function checkServer(node, installed) {
  const args = [programOf(installed), "serve", "--port", "0"];
  const server = spawn(node, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(server, "exit");
  try {
    const url = await listeningUrl(server);
    // Listed once it is loaded.
    const model = await servedModel(url);
    const messages = [{ role: "user", content: "Say something." }];
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model, messages, max_tokens: 4, ignore_eos: true }),
      signal: AbortSignal.timeout(START_LIMIT_MS),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`the server answered ${response.status}: ${text}`);
    const { usage } = JSON.parse(text);
    if (usage.completion_tokens !== 4) throw new Error(`4 tokens were asked for: ${text}`);
  } finally {
    server.kill("SIGTERM");
    await ended;
  }
}

async function servedModel(url) {
  const endMs = performance.now() + START_LIMIT_MS;
  while (performance.now() < endMs) {
    const { data = [] } = await (await fetch(`${url}/v1/models`)).json();
    if (data.length > 0) return data[0].id;
    await sleep(200);
  }
  throw new Error("the server lists no model");
}

/** From the server's own lines. */
async function listeningUrl(server) {
  const limit = setTimeout(() => server.kill("SIGKILL"), START_LIMIT_MS);
  const lines = [];
  try {
    for (const stream of [server.stdout, server.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        const url = LISTENING.exec(line)?.groups?.url;
        if (url !== undefined) server.emit("listening", url);
      });
    }
    const failed = once(server, "exit").then(() => Promise.reject(new Error(`it ended:\n${lines.join("\n")}`)));
    const [url] = await Promise.race([once(server, "listening"), failed]);
    failed.catch(() => {});
    return url;
  } finally {
    clearTimeout(limit);
  }
}

try {
  const architectures = values.platforms.split(",");
  if (architectures.some((architecture) => architecture !== process.arch)) requireTools();
  await testPackages(architectures);
  console.log(`${architectures.length} passed, 0 failed`);
} catch (thrown) {
  console.error(`npm run test:package: ${thrown.message}`);
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
}
