/** One server as a child process, for as long as it is asked. */

import { spawn } from "node:child_process";
import { endsWithUs } from "./ends-with-us.mjs";

/** Loading 8B of weights from a cold disk takes this long and more. */
const START_LIMIT_MS = 300_000;

/** Starts `command`, waits until it lists its model at `url`, calls `work`, and stops it. */
export async function withServer([program, ...args], url, work) {
  const child = endsWithUs(spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] }));
  let errors = "";
  child.stderr.on("data", (text) => (errors = (errors + text).slice(-4000)));
  const ended = new Promise((done) => child.once("exit", done));
  try {
    await waitUntilReady(url, ended, () => errors);
    return await work();
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

async function waitUntilReady(url, ended, errorsOf) {
  const endMs = performance.now() + START_LIMIT_MS;
  let exited = false;
  void ended.then(() => (exited = true));
  while (performance.now() < endMs && !exited) {
    // Both answer /health while the model still loads, and list it when it is there.
    const models = await fetch(`${url}/v1/models`).then(
      (response) => (response.ok ? response.json() : {}),
      () => ({}),
    );
    if (models.data?.length > 0) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`the server did not become ready:\n${errorsOf()}`);
}
