/** `turnwise eval bfcl` as users run it, on a small model of random weights. Needs the build. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { runCli } from "./support/run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-eval-"));
const model = join(folder, "tiny.gguf");
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  writeRandomModel(model, "tiny", "q8_0", 1);
  const zones = { type: "string", enum: ["UTC", "CET"] };
  const cases = [0, 1, 2].map((index) => ({
    id: `simple_${index}`,
    question: [[{ role: "user", content: `What time is it in place ${index}?` }]],
    function: [
      {
        name: "clock.read",
        description: "Reads a clock",
        parameters: { type: "dict", properties: { zone: zones, exact: { type: "boolean" } }, required: ["zone"] },
      },
    ],
  }));
  // Whatever the random model calls it with is right of the first case, and nothing is of the second.
  const answers = [
    { zone: ["UTC", "CET"], exact: [true, false, ""] },
    { zone: ["EST"], exact: [""] },
  ].map((right, index) => ({ id: `simple_${index}`, ground_truth: [{ "clock.read": right }] }));
  writeFileSync(join(folder, "BFCL_v4_simple.json"), cases.map((each) => JSON.stringify(each)).join("\n"));
  writeFileSync(join(folder, "answers_simple.json"), answers.map((each) => JSON.stringify(each)).join("\n"));
});

test("every answer is well-formed under the grammar, and scored by what is right", async () => {
  const { code, stdout, stderr } = await runCli(["eval", "bfcl", folder, "--model", model, "--limit", "2", "--json"]);
  expect(stderr).not.toMatch(/error/i);
  expect(code).toBe(0);
  const counts = { cases: 2, cutOff: 0, wellFormed: 2, rightFunction: 2, rightArguments: 1, failed: 0 };
  expect(JSON.parse(stdout)).toEqual({ model: "tiny", all: counts, categories: { simple: counts }, failures: [] });
});

test("cases without answers, and folders without cases, are named", async () => {
  const all = await runCli(["eval", "bfcl", folder, "--model", model]);
  expect(all.code).not.toBe(0);
  expect(all.stderr).toContain("it has no answer to simple_2");
  const none = await runCli(["eval", "bfcl", join(folder, "none"), "--model", model]);
  expect(none.stderr).toContain("none");
  expect(none.code).not.toBe(0);
});
