import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** Where no tool can be found, nor installed. */
const run = (script, args = [], path = "/nowhere") =>
  spawnSync(process.execPath, [join(import.meta.dirname, script), ...args], {
    env: { PATH: path },
    encoding: "utf8",
    timeout: 20_000,
  });

describe.each([
  { name: "arm:model", script: "arm-model.mjs", tool: "llvm-mca-19", done: "modelled" },
  { name: "arm:instructions", script: "arm-instructions.mjs", tool: "qemu-aarch64", done: "counted" },
])("$name without its tools", ({ name, script, tool, done }) => {
  it("fails, and says what is missing", () => {
    const { status, stdout, stderr } = run(script);
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`${tool} missing; on Debian: apt-get install`));
    expect(stdout).not.toContain("passed");
  });

  it("is skipped by a line that the summary of CI lists, where that is allowed", () => {
    const { status, stdout } = run(script, ["--allow-missing"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^SKIPPED ${name}, nothing was ${done}: .*${tool} missing`, "m"));
    expect(stdout).not.toContain("passed");
  });

  it.skipIf(process.getuid?.() !== 0)("says what it installs as root, and why it could not", () => {
    const folder = mkdtempSync(join(tmpdir(), "turnwise-apt-"));
    try {
      const apt = '#!/bin/sh\n[ "$1" = update ] || { echo "E: Unable to locate package" >&2; exit 100; }\n';
      writeFileSync(join(folder, "apt-get"), apt, { mode: 0o755 });
      const { status, stdout, stderr } = run(script, [], folder);
      expect(status).toBe(1);
      expect(stdout).toMatch(/^as root, installing Debian's packages g\+\+-aarch64-linux-gnu /);
      expect(stderr).toContain("(apt-get install failed: E: Unable to locate package)");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
