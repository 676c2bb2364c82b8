/** Runs the built `turnwise serve` with a small model of random weights, as a user would run it. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = resolve(import.meta.dirname, "../../..");
const START_TIMEOUT_MS = 60_000;

/**
 * Starts a server on a free port. `stop` ends it and resolves with its exit code.
 *
 * @param {readonly string[]} flags
 * @param {Readonly<Record<string, string>>} env
 */
export async function serve(flags = [], env = {}) {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-clients-"));
  const model = join(folder, "tiny.gguf");
  const { writeRandomModel } = await import(pathToFileURL(join(ROOT, "dist/models/random/random-model.js")).href);
  writeRandomModel(model, "tiny", "q8_0", 1);
  const program = join(ROOT, "dist/program/main.js");
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("TURNWISE_"));
  const child = spawn(process.execPath, [program, "serve", model, "--port", "0", ...flags], {
    env: { ...Object.fromEntries(kept), ...env },
    stdio: ["ignore", "inherit", "pipe"],
  });
  const exited = once(child, "exit");
  const { url, lines } = await listeningUrl(child);
  return {
    url,
    /** What it wrote on stderr. */
    lines,
    async stop() {
      child.kill("SIGTERM");
      const [code] = await exited;
      rmSync(folder, { recursive: true });
      return code;
    },
  };
}

function listeningUrl(child) {
  const lines = [];
  return new Promise((settle, reject) => {
    const failed = () => reject(new TypeError(`the server did not start:\n${lines.join("\n")}`));
    const timer = setTimeout(failed, START_TIMEOUT_MS);
    let rest = "";
    child.stderr.on("data", (chunk) => {
      const parts = (rest + String(chunk)).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      const url = parts.map((line) => /^listening on (\S+)$/.exec(line)?.[1]).find((found) => found !== undefined);
      if (url === undefined) return;
      clearTimeout(timer);
      settle({ url, lines });
    });
    child.once("exit", failed);
  });
}
