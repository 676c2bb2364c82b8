/** `serve` as systemd and containers run it. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, cliResult, startCli, waitForLine } from "./support/run-cli.ts";

const SERVE = ["serve", "--port", "0", "--backend", "interpreter", "--log-level", "silent"];

const deployFile = (name: string): string => readFileSync(join(ROOT, "deploy", name), "utf8");

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

test("systemd understands all of the unit", ({ skip }) => {
  const unit = join(ROOT, "deploy", "turnwise.service");
  const { error, status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", unit], { encoding: "utf8" });
  if (error !== undefined) skip("systemd-analyze is not installed");
  // What it does not understand it only tells; other units' problems are this machine's.
  const problems = stderr.split("\n").filter((line) => line.includes("turnwise.service"));
  expect({ problems, status }).toEqual({ problems: [], status: 0 });
});

test("the image's build context has what the image copies, and no build or dependency of this machine", () => {
  const rules = deployFile("Containerfile.dockerignore")
    .split("\n")
    .filter((line) => /^[^#]/.test(line));
  const taken = rules.filter((rule) => rule.startsWith("!")).map((rule) => rule.slice(1));
  expect(rules.filter((rule) => !rule.startsWith("!"))).toEqual(["*", "**/build", "**/node_modules"]);
  expect(rules[0]).toBe("*");
  const made = ["node_modules", "dist", "build/native/turnwise.node"];
  const copied = [...deployFile("Containerfile").matchAll(/^COPY --from=build \/app\/(\S+)/gm)].map(
    ([, path = ""]) => path,
  );
  const sources = ["src", "native", "scripts", "package-lock.json", "tsconfig*.json"];
  for (const path of [...copied.filter((each) => !made.includes(each)), ...sources]) {
    expect(
      taken.some((each) => path === each || path.startsWith(`${each}/`)),
      path,
    ).toBe(true);
  }
  for (const path of taken.filter((each) => !each.includes("*"))) expect(existsSync(join(ROOT, path)), path).toBe(true);
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
