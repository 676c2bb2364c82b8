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

test("a failed test is named, with what it said and no stack", () => {
  const assertion = {
    status: "failed",
    fullName: "a parser reads",
    failureMessages: ["Error: Property failed\n{ seed: 7 }\n    at parse (parse.ts:1:1)\n\nexpected 1 to be 2"],
  };
  const broken = { name: "lost.test.ts", status: "failed", message: "no such module", assertionResults: [] };
  const report = {
    numPassedTests: 4,
    numFailedTests: 1,
    testResults: [{ name: "parse.test.ts", status: "failed", assertionResults: [assertion] }, broken],
  };
  writeFileSync(join(reports, "test.json"), JSON.stringify(report));
  const { stdout, status } = summary();
  expect(status).toBe(1);
  expect(stdout).toContain(
    [
      "test: 4 passed, 2 failed, 0 skipped",
      "  failed: a parser reads",
      "    Error: Property failed",
      "    { seed: 7 }",
      "    expected 1 to be 2",
      "  failed: lost.test.ts",
      "    no such module",
    ].join("\n"),
  );
});
