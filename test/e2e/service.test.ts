/** `serve` as systemd and containers run it. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, cliResult, startCli, waitForLine } from "./support/run-cli.ts";

const SERVE = ["serve", "--port", "0", "--backend", "interpreter", "--log-level", "silent"];

test("as process 1 of its namespace, as in a container, it ends on SIGTERM", async ({ skip }) => {
  const namespace = ["--pid", "--fork", "--mount-proc"];
  if (spawnSync("unshare", [...namespace, "true"]).status !== 0) skip("this user may make no namespaces here");
  const program = join(ROOT, "dist", "program", "main.js");
  const env = { ...process.env, XDG_CACHE_HOME: join(tmpdir(), "turnwise-test-cache") };
  const child = spawn("unshare", [...namespace, "--kill-child", process.execPath, program, ...SERVE], { env });
  const ended = cliResult(child);
  await waitForLine(child, "stderr", /listening on/);
  const [inside] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ");
  process.kill(Number(inside), "SIGTERM");
  expect(await ended).toMatchObject({ code: 0, stderr: expect.stringContaining("SIGTERM: finishing") });
});

test("it tells systemd when the model is loaded", async () => {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-notify-"));
  const told = join(folder, "told");
  writeFileSync(join(folder, "systemd-notify"), `#!/bin/sh\necho "$@" "$NOTIFY_SOCKET" > ${told}\n`, { mode: 0o755 });
  const env = { NOTIFY_SOCKET: "/run/notify", PATH: [folder, process.env["PATH"]].join(delimiter) };
  const child = startCli(SERVE, env);
  const ended = cliResult(child);
  await waitForLine(child, "stderr", /listening on/);
  while (!existsSync(told) || readFileSync(told, "utf8") === "") await new Promise((wait) => setTimeout(wait, 10));
  expect(readFileSync(told, "utf8")).toBe("--ready /run/notify\n");
  child.kill("SIGTERM");
  expect(await ended).toMatchObject({ code: 0 });
});
