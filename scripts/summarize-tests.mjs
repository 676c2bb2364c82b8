/**
 * The last line of `.ci/run`: "N passed, N failed", summed over the suites' own reports.
 *
 * node summarize-tests.mjs REPORTS FAILED_STEPS: REPORTS holds `test.json` (vitest's JSON report), and
 * the logs of the other suites. A suite without a count is a failure, and so is a run without tests:
 * silence is not success. Failed tests are named once more, with what they said: of a long log often only the end is at hand.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Of each failure that is shown. */
const FAILURE_LINES = 12;
const FAILURE_COLUMNS = 240;

const [reports, failedSteps] = [process.argv[2] ?? ".", Number(process.argv[3] ?? 0)];

/** @returns {{ passed: number, failed: number, skipped: readonly string[], failures?: readonly string[] } | null} */
function readVitest(path) {
  if (!existsSync(path)) return null;
  const report = JSON.parse(readFileSync(path, "utf8"));
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  const skipped = report.testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status !== "passed" && status !== "failed")
      .map(({ fullName }) => fullName),
  );
  const failures = report.testResults.flatMap((file) =>
    file.assertionResults.filter(({ status }) => status === "failed").map(describeFailure),
  );
  failures.push(...brokenFiles.map(({ name, message }) => `${name}\n${message}`));
  return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles.length, skipped, failures };
}

/** Its name, and what it said but for the lines of the stack: a seed that failed once is nowhere else. */
function describeFailure({ fullName, failureMessages }) {
  const said = failureMessages
    .join("\n")
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s+at /.test(line));
  return [fullName, ...said].join("\n");
}

/** The beginning of a text, as lines below a suite's. */
function indented(text) {
  return text
    .split("\n")
    .slice(0, FAILURE_LINES)
    .map((line) => `    ${line.slice(0, FAILURE_COLUMNS)}`)
    .join("\n");
}

/** The last "N passed, N failed" of a log, or the totals of Node's own test runner. */
function readLog(path) {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const total = (name) => new RegExp(`^\\W*${name} (\\d+)$`, "m").exec(text)?.[1];
  const last = [...text.matchAll(/(\d+) passed, (\d+) failed/g)].at(-1);
  const [passed, failed] = last ? last.slice(1) : [total("pass"), total("fail")];
  if (passed !== undefined && failed !== undefined) {
    return { passed: Number(passed), failed: Number(failed), skipped: [] };
  }
  const skip = /^SKIPPED.*$/m.exec(text);
  return skip ? { passed: 0, failed: 0, skipped: [skip[0]] } : null;
}

const suites = {
  test: readVitest(join(reports, "test.json")),
  long: readVitest(join(reports, "long.json")),
  fuzz: readVitest(join(reports, "fuzz.json")),
  kernels: readLog(join(reports, "kernels.log")),
  check: readLog(join(reports, "check.log")),
  clients: readLog(join(reports, "clients.log")),
  package: readLog(join(reports, "package.log")),
  arm: readLog(join(reports, "arm.log")),
  "arm-model": readLog(join(reports, "arm-model.log")),
  "arm-instructions": readLog(join(reports, "arm-instructions.log")),
};

let passed = 0;
let failed = 0;
console.log("\n== result");
for (const [name, suite] of Object.entries(suites)) {
  if (suite === null) {
    console.log(`${name}: reported no count, taken as failed`);
    failed += 1;
    continue;
  }
  console.log(`${name}: ${suite.passed} passed, ${suite.failed} failed, ${suite.skipped.length} skipped`);
  for (const line of suite.skipped) console.log(`  skipped: ${line}`);
  for (const failure of suite.failures ?? []) console.log(`  failed: ${indented(failure).trimStart()}`);
  passed += suite.passed;
  failed += suite.failed;
}
// A step that failed outside its tests, such as a build, has no failed test to show.
if (failed === 0) failed = failedSteps;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
