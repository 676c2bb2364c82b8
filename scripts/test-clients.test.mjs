import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "turnwise-npm-"));
afterAll(() => rmSync(folder, { recursive: true }));

// The script looks for the build first.
test.skipIf(!existsSync(join(ROOT, "dist/program/main.js")))(
  "a registry that cannot be reached skips the clients' tests at a desk, and fails them in CI",
  () => {
    const npm = "#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n";
    writeFileSync(join(folder, "npm"), npm, { mode: 0o755 });
    const run = (CI) =>
      spawnSync(process.execPath, [join(ROOT, "scripts/test-clients.mjs")], {
        env: { ...process.env, CI, PATH: `${folder}${delimiter}${process.env.PATH}` },
        encoding: "utf8",
      });
    expect(run("")).toMatchObject({ status: 0, stdout: expect.stringContaining("SKIPPED") });
    expect(run("true")).toMatchObject({ status: 1, stderr: expect.stringContaining("ENOTFOUND") });
  },
);
