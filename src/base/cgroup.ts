/**
 * What the control groups around this process leave it: CPU time by quota, memory by limit. A limit may
 * stand on the process's own group or on any above it; the tightest counts. Sources: cgroups(7), proc(5)
 * for mountinfo, the kernel's cgroup-v2.rst, cgroup-v1/memory.rst and scheduler/sched-bwc.rst.
 */

import { readTextOrNull } from "./read-text.ts";
import type { ReadText } from "./read-text.ts";

export interface CgroupLimits {
  /** Whole CPUs' worth of time; Infinity without a quota. */
  readonly quotaCores: number;
  /** Bytes that may still be taken; Infinity without a limit, below 0 where it is exceeded. */
  readonly memoryRoomBytes: number;
}

export function readCgroupLimits(read: ReadText = readTextOrNull): CgroupLimits {
  const groups = readGroups(read);
  const tightest = (rule: (group: Group) => number): number =>
    groups.reduce((least, group) => Math.min(least, rule(group)), Infinity);
  return {
    quotaCores: tightest((group) => quotaOf(read, group)),
    memoryRoomBytes: tightest((group) => memoryRoomOf(read, group)),
  };
}

/** A group's folder in a mounted hierarchy. */
interface Group {
  readonly version: 1 | 2;
  readonly folder: string;
}

interface Mount {
  readonly version: 1 | 2;
  /** Of version 1. */
  readonly controllers: readonly string[];
  /** The group that the mount shows as its root: a container sees only its own. */
  readonly root: string;
  readonly folder: string;
}

/** The groups that this process is in, and those above them as far as they can be seen. */
function readGroups(read: ReadText): readonly Group[] {
  const mounts = readMounts(read("/proc/self/mountinfo") ?? "");
  const groups: Group[] = [];
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [hierarchy, controllerList = "", ...rest] = line.split(":");
    if (rest.length === 0) continue;
    const version = hierarchy === "0" && controllerList === "" ? 2 : 1;
    const controllers = controllerList.split(",");
    const mount = mounts.find(
      (candidate) =>
        candidate.version === version &&
        (version === 2 || controllers.some((controller) => candidate.controllers.includes(controller))),
    );
    if (mount === undefined) continue;
    for (const folder of foldersOf(mount, rest.join(":"))) groups.push({ version, folder });
  }
  return groups;
}

/** Lines "36 35 98:0 /root /mount/point options [optional]... - type source superOptions". */
function readMounts(mountinfo: string): readonly Mount[] {
  return mountinfo.split("\n").flatMap((line): Mount[] => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "", folder = ""] = before.split(" ").map(unescapeOctal);
    const [type = "", , superOptions = ""] = after.split(" ");
    if (type !== "cgroup" && type !== "cgroup2") return [];
    return [{ version: type === "cgroup" ? 1 : 2, controllers: superOptions.split(","), root, folder }];
  });
}

const unescapeOctal = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));

/** The group `path` in `mount` and those above it up to the mount's root. */
function foldersOf({ root, folder }: Mount, path: string): readonly string[] {
  const prefix = root === "/" ? "" : root;
  // A path outside the mount's root belongs to another namespace; of it, only the root itself can be seen.
  const inside = path === prefix || path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : "";
  const parts = inside.split("/").filter((part) => part !== "");
  return Array.from({ length: parts.length + 1 }, (_, length) => [folder, ...parts.slice(0, length)].join("/"));
}

function quotaOf(read: ReadText, { version, folder }: Group): number {
  const [quota, period] =
    version === 2
      ? (read(`${folder}/cpu.max`)?.trim().split(" ") ?? [])
      : [read(`${folder}/cpu.cfs_quota_us`)?.trim(), read(`${folder}/cpu.cfs_period_us`)?.trim()];
  const cores = toNumber(quota) / toNumber(period);
  // "max", and -1 in version 1, mean that there is none.
  return Number.isFinite(cores) && cores > 0 ? cores : Infinity;
}

/**
 * Files of one version, and the keys in memory.stat of page cache, which gives way when memory is needed. That is the
 * active list too: a model's file that several starts have mapped stands there, and MemAvailable counts it as well.
 * Neither list has tmpfs or other shared memory, which would have to be swapped.
 */
const MEMORY_FILES = {
  1: {
    limits: ["memory.limit_in_bytes"],
    usage: "memory.usage_in_bytes",
    cache: /^total_(?:in)?active_file (\d+)$/gm,
  },
  // Above memory.high a group is slowed down until it has given memory back.
  2: { limits: ["memory.max", "memory.high"], usage: "memory.current", cache: /^(?:in)?active_file (\d+)$/gm },
} as const;

function memoryRoomOf(read: ReadText, { version, folder }: Group): number {
  const files = MEMORY_FILES[version];
  const limits = files.limits.map((name) => toNumber(read(`${folder}/${name}`)?.trim()));
  const limit = Math.min(...limits.filter((value) => !Number.isNaN(value)));
  const usage = toNumber(read(`${folder}/${files.usage}`)?.trim());
  if (limit === Infinity || Number.isNaN(usage)) return Infinity;
  const cached = [...(read(`${folder}/memory.stat`) ?? "").matchAll(files.cache)].map(([, bytes]) => Number(bytes));
  return limit - usage + cached.reduce((sum, bytes) => sum + bytes, 0);
}

/** NaN for "max" and for what is absent. */
const toNumber = (text: string | undefined): number => (/^\d+$/.test(text ?? "") ? Number(text) : Number.NaN);
