import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const reports = mkdtempSync(join(tmpdir(), "turnwise-reports-"));
afterAll(() => rmSync(reports, { recursive: true }));

/** Suites of vitest report in JSON. */
const VITEST = ["test", "long", "fuzz"];
const NO_SUITE = ["install"];

const steps = [...readFileSync(join(ROOT, ".ci", "run"), "utf8").matchAll(/^step (\S+)/gm)].map(([, name]) => name);
const suites = steps.filter((name) => !NO_SUITE.includes(name));

const summary = () =>
  spawnSync(process.execPath, [join(import.meta.dirname, "summarize-tests.mjs"), reports, "0"], { encoding: "utf8" });

test("every step of CI is counted, and one that says nothing has failed", () => {
  for (const name of suites) {
    const isVitest = VITEST.includes(name);
    const report = { numPassedTests: 1, numFailedTests: 0, testResults: [] };
    writeFileSync(
      join(reports, `${name}.${isVitest ? "json" : "log"}`),
      isVitest ? JSON.stringify(report) : "1 passed, 0 failed\n",
    );
  }
  expect(suites).toContain("package");
  const all = summary();
  expect([all.status, all.stdout.trimEnd().split("\n").at(-1)]).toEqual([0, `${suites.length} passed, 0 failed`]);

  for (const name of suites) {
    const path = join(reports, `${name}.${VITEST.includes(name) ? "json" : "log"}`);
    const text = readFileSync(path);
    rmSync(path);
    expect(summary()).toMatchObject({ status: 1, stdout: expect.stringContaining(`${name}: reported no count`) });
    writeFileSync(path, text);
  }
});
