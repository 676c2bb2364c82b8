/** The defaults under a real control group, made by this test where the machine lets it. */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./support/run-cli.ts";

const MIB = 2 ** 20;
const NAME = `turnwise-test-${process.pid}`;

interface Limit {
  readonly controller: string;
  readonly files: Readonly<Record<string, string>>;
}

const LIMITS: Readonly<Record<1 | 2, readonly Limit[]>> = {
  1: [
    { controller: "cpu", files: { "cpu.cfs_quota_us": "150000" } },
    { controller: "memory", files: { "memory.limit_in_bytes": String(512 * MIB) } },
  ],
  2: [{ controller: "", files: { "cpu.max": "150000 100000", "memory.max": String(512 * MIB) } }],
};

/** Where hierarchies of a version are mounted, by controller. */
function mountOf(version: 1 | 2, controller: string): string | undefined {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const type = version === 1 ? " - cgroup " : " - cgroup2 ";
  return lines
    .find((line) => line.includes(type) && (version === 2 || line.split(",").includes(controller)))
    ?.split(" ")[4];
}

/** Folders of the new groups with their limits set; null where this user may not. */
function makeGroups(version: 1 | 2): readonly string[] | null {
  const made: string[] = [];
  try {
    for (const { controller, files } of LIMITS[version]) {
      const folder = join(mountOf(version, controller) ?? "/nowhere", NAME);
      mkdirSync(folder);
      made.push(folder);
      for (const [name, value] of Object.entries(files)) writeFileSync(join(folder, name), value);
    }
    return made;
  } catch {
    for (const folder of made) rmdirSync(folder);
    return null;
  }
}

test.for([1, 2] as const)("version %d: a quota of 1.5 CPUs and 512 MiB are seen", (version, { skip }) => {
  const groups = process.platform === "linux" ? makeGroups(version) : null;
  if (groups === null) {
    skip(`this user may make no control group of version ${version} here`);
    return;
  }
  try {
    const enter = groups.map((folder) => `echo $$ > ${folder}/cgroup.procs`).join(" && ");
    const program = join(ROOT, "dist", "program", "main.js");
    const result = spawnSync("sh", ["-c", `${enter} && exec "$0" "$1" doctor --json`, process.execPath, program]);
    const { cores, threads, memory } = JSON.parse(result.stdout.toString()) as {
      cores: { cpus: number; quotaCores: number };
      threads: number;
      memory: { availableBytes: number };
    };
    // A CPU in the affinity mask may be all there is; the quota is seen in any case.
    expect([cores.quotaCores, threads]).toEqual([1.5, 1]);
    expect(memory.availableBytes).toBeLessThan(512 * MIB);
    expect(memory.availableBytes).toBeGreaterThan(64 * MIB);
  } finally {
    for (const folder of groups) rmdirSync(folder);
  }
});
