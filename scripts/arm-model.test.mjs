import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SCRIPT = join(import.meta.dirname, "arm-model.mjs");

/** Where no tool can be found, nor installed. */
const run = (...args) =>
  spawnSync(process.execPath, [SCRIPT, ...args], { env: { PATH: "/nowhere" }, encoding: "utf8", timeout: 20_000 });

describe("arm:model without its tools", () => {
  it("fails, and says what is missing", () => {
    const { status, stdout, stderr } = run();
    expect(status).toBe(1);
    expect(stderr).toMatch(/llvm-mca-19 missing; on Debian: apt-get install/);
    expect(stdout).not.toContain("passed");
  });

  it("is skipped by a line that the summary of CI lists, where that is allowed", () => {
    const { status, stdout } = run("--allow-missing");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^SKIPPED arm:model, nothing was modelled: .*llvm-mca-19 missing/m);
    expect(stdout).not.toContain("passed");
  });
});
