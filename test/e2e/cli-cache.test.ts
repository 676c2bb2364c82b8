/** `turnwise pack` and `turnwise cache` as users run them. */

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StartReport } from "../../src/bench/start/measure-starts.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";
import { tinyModelFile } from "../support/random-model-file.ts";
import { testFolder } from "../support/test-folder.ts";
import { runCli } from "./support/run-cli.ts";

const folder = testFolder();
const model = tinyModelFile("q8_0");

describe.skipIf(NATIVE_MISSING)("turnwise pack and cache", () => {
  const CACHE = ["--cache-dir", folder];

  it("packs into the cache, runs from it, lists it, and prunes it when its model is gone", async () => {
    const packed = await runCli(["pack", model, ...CACHE]);
    const path = packed.stdout.trim();
    expect(path.startsWith(join(folder, "packs"))).toBe(true);
    expect(packed.stderr).toMatch(/MiB in layout rows16x4/);
    const listed = await runCli(["cache", "ls", "--json", ...CACHE]);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ path, model: "tiny-q8_0", quant: "none", stale: null }]);
    expect((await runCli(["cache", "prune", ...CACHE])).stderr).toMatch(/removed 0 packs/);
    rmSync(model);
    expect((await runCli(["cache", "ls", ...CACHE])).stdout).toMatch(/tiny-q8_0 .* its model is gone/);
    expect((await runCli(["cache", "prune", ...CACHE])).stderr).toMatch(/removed 1 pack of/);
    expect(JSON.parse((await runCli(["cache", "ls", "--json", ...CACHE])).stdout)).toEqual([]);
  });

  it("lists the models that benches wrote, and removes them", async () => {
    const cache = ["--cache-dir", join(folder, "benches")];
    const bench = ["bench", "--synthetic", "tiny:q4_0", "--cases", "decode", "--rounds", "1", "--json"];
    expect(await runCli([...bench, ...cache])).toMatchObject({ code: 0 });
    const listed = await runCli(["cache", "ls", ...cache]);
    expect(listed.stdout).toMatch(/^ {2}tiny +q4_0 +synthetic .*KiB/);
    expect(listed.stderr).toContain(`, 1 synthetic model of `);
    expect((await runCli(["cache", "prune", ...cache])).stderr).toMatch(/^removed 0 packs of 0 B\n$/);
    expect((await runCli(["cache", "prune", "--all", ...cache])).stderr).toMatch(/, 1 synthetic model of .*KiB\n$/);
    expect(readdirSync(join(folder, "benches", "synthetic"))).toEqual([]);
  });

  it("refuses what only prune takes", async () => {
    expect(await runCli(["cache", "ls", "--all", ...CACHE])).toMatchObject({
      code: 2,
      stderr: "turnwise: Option --all: turnwise cache ls does not take it.\n",
    });
  });

  it("refuses an action and a level that it does not know", async () => {
    expect((await runCli(["cache", "lst", ...CACHE])).stderr).toMatch(/Did you mean turnwise cache ls/);
    const other = tinyModelFile("f32");
    const refused = await runCli(["pack", other, "--isa", "avx1024", ...CACHE]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/avx1024 is no level of this build/);
  });

  it("measures starts from a pack, and says what they spend", async () => {
    const args = ["bench", "start", tinyModelFile("q4_0"), "--rounds", "1", "--json"];
    const { code, stdout, stderr } = await runCli([...args, ...CACHE]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { promptTokens, warm, cold } = JSON.parse(stdout) as StartReport;
    expect(promptTokens).toBeGreaterThanOrEqual(8);
    for (const { firstTokenMs, loadMs, promptMs } of cold === null ? [warm] : [warm, cold]) {
      expect(loadMs.median).toBeGreaterThan(0);
      expect(promptMs.median).toBeGreaterThan(0);
      expect(firstTokenMs.median).toBeGreaterThan(loadMs.median + promptMs.median);
    }
  });
});
