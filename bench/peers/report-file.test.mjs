import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openReport, saveReport } from "./report-file.mjs";

const folder = mkdtempSync(join(tmpdir(), "turnwise-report-"));
afterAll(() => rmSync(folder, { recursive: true }));

const IDENTITY = { model: "a.gguf", threads: 2, program: "111", "native core": "aaa" };

test("a report of the same build is continued", () => {
  const out = join(folder, "deep", "same.json");
  const report = openReport(out, IDENTITY, { measurements: [] });
  expect(report).toMatchObject({ identity: IDENTITY, measurements: [] });
  report.measurements.push(7);
  saveReport(out, report);
  expect(openReport(out, IDENTITY, { measurements: [] })).toEqual(report);
});

test.each([
  [{ "native core": "bbb" }, /native core: aaa there, bbb now/],
  [{ program: "222" }, /program: 111 there, 222 now/],
  [{ threads: 1 }, /threads: 2 there, 1 now/],
])("one of another build or load is named and left alone: %o", (change, reason) => {
  const out = join(folder, "other.json");
  saveReport(out, openReport(join(folder, "absent.json"), IDENTITY, { measurements: [1] }));
  const open = () => openReport(out, { ...IDENTITY, ...change }, { measurements: [] });
  expect(open).toThrow(reason);
  expect(open).toThrow("Remove it to measure anew, or give another --out.");
});

test("so is one that does not say what it is of", () => {
  const out = join(folder, "old.json");
  writeFileSync(out, JSON.stringify({ model: "a.gguf", threads: 2, measurements: [1] }));
  expect(() => openReport(out, IDENTITY, { measurements: [] })).toThrow(/program: not recorded there, 111 now/);
});
