import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { AddonLoad } from "./load-addon.ts";
import { describeStaleCore } from "./stale-core.ts";

const root = mkdtempSync(join(tmpdir(), "turnwise-stale-"));
afterAll(() => rmSync(root, { recursive: true }));

const core = join(root, "turnwise.node");
const load = (origin: AddonLoad["origin"]): AddonLoad => ({ addon: null, origin, path: core, tried: [] });

function write(path: string, seconds: number): void {
  writeFileSync(path, "");
  utimesSync(path, seconds, seconds);
}

test("a checkout's core is compared with the newest of its C++ files", () => {
  mkdirSync(join(root, "native", "kernels"), { recursive: true });
  write(core, 2000);
  write(join(root, "native", "kernels", "gemm.h"), 1000);
  write(join(root, "native", "kernels", "notes.md"), 3000);
  expect(describeStaleCore(load("checkout"), root)).toBeNull();
  write(join(root, "native", "kernels", "gemm.h"), 3000);
  expect(describeStaleCore(load("checkout"), root)).toMatch(/native\/kernels\/gemm\.h has changed.*npm run build/);
  expect(describeStaleCore(load("platform-package"), root)).toBeNull();
  expect(describeStaleCore(load("checkout"), join(root, "elsewhere"))).toBeNull();
});

test("there is none", () => {
  expect(describeStaleCore({ ...load(null), path: null }, root)).toBeNull();
});
