import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { lastLevelCacheBytes } from "./last-level-cache.ts";

const root = mkdtempSync(join(tmpdir(), "turnwise-sysfs-"));
afterAll(() => rmSync(root, { recursive: true }));

function addCache(cpu: number, index: number, size: string, sharedBy: string): void {
  const folder = join(root, `cpu${cpu}`, "cache", `index${index}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "size"), `${size}\n`);
  writeFileSync(join(folder, "shared_cpu_list"), `${sharedBy}\n`);
}

it("adds up the caches of the last level, each once", () => {
  expect(lastLevelCacheBytes(join(root, "nowhere"))).toBe(0);
  for (const [cpu, shared] of ["0-1", "0-1", "2-3", "2-3"].entries()) {
    addCache(cpu, 2, "1024K", String(cpu));
    addCache(cpu, 3, "32768K", shared);
  }
  mkdirSync(join(root, "cpufreq"));
  expect(lastLevelCacheBytes(root)).toBe(2 * 32 * 2 ** 20);
});
