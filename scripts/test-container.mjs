/**
 * `npm run test:container`: builds the image of deploy/Containerfile and runs it. In a container without a network its
 * user is not root, its core passes the self-test, it answers a chat completion, and it ends with 0 when it is stopped.
 *
 *   node scripts/test-container.mjs [--engine docker|podman] [--platforms linux/amd64,linux/arm64] [-- BUILD OPTIONS]
 *
 *   --engine NAME       by default whichever is there
 *   --platforms LIST    by default the engine's own; another needs qemu in binfmt_misc, and some 20 minutes
 *   --                  what follows goes to `docker build`, such as --build-arg HTTPS_PROXY=...
 *
 * Without an engine nothing is tested, which it says.
 */

import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runCommand } from "./run-command.mjs";
import { scriptOptions } from "./script-options.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const FILE = join(ROOT, "deploy", "Containerfile");
const ENGINES = ["docker", "podman"];
/** An emulated Node takes tens of seconds to load what a real one loads in one. */
const START_LIMIT_MS = 300_000;
const STOP_LIMIT_S = 60;
const KEY = "test-container";

/** Run inside, where the server's address is. */
const ASK = `
  const post = (path, body) => fetch("http://127.0.0.1:8080" + path, {
    method: body ? "POST" : "GET",
    headers: { "content-type": "application/json", authorization: "Bearer ${KEY}" },
    body: body && JSON.stringify(body),
  }).then((response) => response.json());
  const { data } = await post("/v1/models");
  const messages = [{ role: "user", content: "Say something." }];
  const { usage } = await post("/v1/chat/completions", { model: data[0].id, messages, max_tokens: 4, ignore_eos: true });
  console.log(usage.completion_tokens);`;
const IS_READY = `process.exit((await fetch("http://127.0.0.1:8080/ready")).ok ? 0 : 1)`;
const USER = `console.log(process.getuid(), process.arch)`;

const { values, positionals } = scriptOptions({
  allowPositionals: true,
  options: { engine: { type: "string" }, platforms: { type: "string" } },
});

/** Has a daemon that answers, or needs none. */
const isUsable = (engine) => spawnSync(engine, ["info"], { stdio: "ignore" }).status === 0;

async function testImage(engine, platform) {
  const tag = `turnwise-test:${(platform ?? "native").replaceAll("/", "-")}`;
  const onPlatform = platform === undefined ? [] : ["--platform", platform];
  const ignored = engine === "podman" ? ["--ignorefile", `${FILE}.dockerignore`] : [];
  runCommand(engine, ["build", "-f", FILE, "-t", tag, ...onPlatform, ...ignored, ...positionals, ROOT], {
    stdio: "inherit",
  });
  const name = `turnwise-test-${process.pid}`;
  const environment = ["--env", `TURNWISE_API_KEY=${KEY}`];
  try {
    runCommand(engine, ["run", "--detach", "--name", name, "--network", "none", ...onPlatform, ...environment, tag]);
    const inside = (program) =>
      runCommand(engine, ["exec", name, "node", "--input-type=module", "--eval", program]).trim();
    await untilReady(engine, name);
    const [user, architecture] = inside(USER).split(" ");
    expectEqual("the user", user, "1000");
    const { native, selfTest } = JSON.parse(
      runCommand(engine, ["exec", name, "node", "dist/program/main.js", "doctor", "--json"]),
    );
    expectEqual("the self-test", selfTest?.passed, true);
    expectEqual("tokens of the answer", inside(ASK), "4");
    runCommand(engine, ["stop", "-t", String(STOP_LIMIT_S), name]);
    expectEqual("the exit status when stopped", runCommand(engine, ["wait", name]).trim(), "0");
    const bytes = Number(runCommand(engine, ["image", "inspect", "--format", "{{.Size}}", tag]));
    console.log(`${tag}: ${architecture}, ${native.isa ?? native.path}, ${(bytes / 2 ** 20).toFixed(0)} MiB`);
  } finally {
    spawnSync(engine, ["rm", "--force", name], { stdio: "ignore" });
  }
}

async function untilReady(engine, name) {
  const endMs = performance.now() + START_LIMIT_MS;
  const ask = ["exec", name, "node", "--input-type=module", "--eval", IS_READY];
  while (spawnSync(engine, ask, { stdio: "ignore" }).status !== 0) {
    const isRunning = runCommand(engine, ["inspect", "--format", "{{.State.Running}}", name]).trim() === "true";
    if (!isRunning || performance.now() > endMs) {
      const { stdout, stderr } = spawnSync(engine, ["logs", name], { encoding: "utf8" });
      throw new Error(`the container ${isRunning ? "is not ready" : "ended"}:\n${stdout}${stderr}`);
    }
    await sleep(500);
  }
}

function expectEqual(what, found, expected) {
  if (found !== expected) throw new Error(`${what}: ${found}, and ${expected} was expected`);
}

const engine = values.engine ?? ENGINES.find(isUsable);
const platforms = values.platforms?.split(",") ?? [undefined];
if (engine === undefined) {
  console.log(`SKIPPED test:container, nothing was built: neither ${ENGINES.join(" nor ")} answers here`);
} else {
  const failures = [];
  for (const platform of platforms) {
    await testImage(engine, platform).catch((thrown) => failures.push(`${platform ?? engine}: ${thrown.message}`));
  }
  for (const failure of failures) console.error(`npm run test:container: ${failure}`);
  console.log(`${platforms.length - failures.length} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
