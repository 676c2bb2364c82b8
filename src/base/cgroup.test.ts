/** Trees of files as machines of several kinds show them; the numbers are easy ones. */

import { describe, expect, test } from "vitest";
import { readCgroupLimits } from "./cgroup.ts";

type Files = Readonly<Record<string, string>>;
const limits = (files: Files): unknown => readCgroupLimits((path) => files[path] ?? null);

const V2 = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const GIB = 2 ** 30;

describe("version 2", () => {
  test("a systemd service: quota and limit on the unit, a tighter limit on the slice", () => {
    expect(
      limits({
        "/proc/self/mountinfo": `24 1 254:1 / / rw - ext4 /dev/vda rw\n${V2}`,
        "/proc/self/cgroup": "0::/system.slice/turnwise.service\n",
        "/sys/fs/cgroup/system.slice/cpu.max": "max 100000\n",
        "/sys/fs/cgroup/system.slice/memory.max": `${3 * GIB}\n`,
        "/sys/fs/cgroup/system.slice/memory.high": "max\n",
        "/sys/fs/cgroup/system.slice/memory.current": `${GIB}\n`,
        "/sys/fs/cgroup/system.slice/turnwise.service/cpu.max": "150000 100000\n",
        "/sys/fs/cgroup/system.slice/turnwise.service/memory.max": `${4 * GIB}\n`,
        "/sys/fs/cgroup/system.slice/turnwise.service/memory.current": `${GIB}\n`,
      }),
    ).toEqual({ quotaCores: 1.5, memoryRoomBytes: 2 * GIB });
  });

  test("a container in its own namespace: its group is the root", () => {
    expect(
      limits({
        "/proc/self/mountinfo": "700 699 0:30 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n",
        "/proc/self/cgroup": "0::/\n",
        "/sys/fs/cgroup/cpu.max": "400000 100000\n",
        "/sys/fs/cgroup/memory.max": "1000\n",
        "/sys/fs/cgroup/memory.current": "900\n",
        "/sys/fs/cgroup/memory.stat":
          "anon 5\nfile 750\nshmem 50\ninactive_anon 9\ninactive_file 300\nactive_file 400\n",
      }),
    ).toEqual({ quotaCores: 4, memoryRoomBytes: 800 });
  });

  test("a pack that earlier starts have mapped takes no room, on whichever list its pages are", () => {
    const pack = 4.5 * GIB;
    const room = (lists: string): unknown =>
      limits({
        "/proc/self/mountinfo": V2,
        "/proc/self/cgroup": "0::/a\n",
        "/sys/fs/cgroup/a/memory.max": `${6 * GIB}\n`,
        "/sys/fs/cgroup/a/memory.current": `${GIB / 8 + pack}\n`,
        "/sys/fs/cgroup/a/memory.stat": lists,
      });
    const free = { quotaCores: Infinity, memoryRoomBytes: 5.875 * GIB };
    expect(room(`inactive_file ${pack}\nactive_file 0\n`)).toEqual(free);
    expect(room(`inactive_file 0\nactive_file ${pack}\n`)).toEqual(free);
  });

  test("a container in the host's namespace, which sees only its own part of the tree", () => {
    expect(
      limits({
        "/proc/self/mountinfo": "9 8 0:30 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "/proc/self/cgroup": "0::/docker/abc/worker\n",
        "/sys/fs/cgroup/cpu.max": "200000 100000\n",
        "/sys/fs/cgroup/worker/cpu.max": "50000 100000\n",
      }),
    ).toEqual({ quotaCores: 0.5, memoryRoomBytes: Infinity });
  });

  test("a process that was moved out of the namespace's root", () => {
    const moved = { "/proc/self/mountinfo": V2, "/proc/self/cgroup": "0::/../other\n" };
    expect(limits({ ...moved, "/sys/fs/cgroup/cpu.max": "100000 100000\n" })).toEqual({
      quotaCores: 1,
      memoryRoomBytes: Infinity,
    });
  });

  test("memory.high counts like a limit, and an exceeded one gives less than nothing", () => {
    expect(
      limits({
        "/proc/self/mountinfo": V2,
        "/proc/self/cgroup": "0::/a\n",
        "/sys/fs/cgroup/a/memory.max": "5000\n",
        "/sys/fs/cgroup/a/memory.high": "1000\n",
        "/sys/fs/cgroup/a/memory.current": "1500\n",
      }),
    ).toEqual({ quotaCores: Infinity, memoryRoomBytes: -500 });
  });

  test("no limit anywhere", () => {
    expect(
      limits({
        "/proc/self/mountinfo": V2,
        "/proc/self/cgroup": "0::/user.slice\n",
        "/sys/fs/cgroup/user.slice/cpu.max": "max 100000\n",
        "/sys/fs/cgroup/user.slice/memory.max": "max\n",
        "/sys/fs/cgroup/user.slice/memory.current": "1000\n",
      }),
    ).toEqual({ quotaCores: Infinity, memoryRoomBytes: Infinity });
  });
});

describe("version 1", () => {
  test("controllers with mounts of their own, beside an empty version 2 tree", () => {
    const base = "/sys/fs/cgroup";
    expect(
      limits({
        "/proc/self/mountinfo":
          `33 32 0:29 / ${base}/cpu,cpuacct rw shared:11 - cgroup cgroup rw,cpu,cpuacct\n` +
          `34 32 0:30 / ${base}/memory rw - cgroup cgroup rw,memory\n` +
          `35 32 0:31 / ${base}/unified rw - cgroup2 cgroup2 rw\n`,
        "/proc/self/cgroup": "4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n1:name=systemd:/docker/1\n0::/docker/1\n",
        [`${base}/cpu,cpuacct/cpu.cfs_quota_us`]: "-1\n",
        [`${base}/cpu,cpuacct/cpu.cfs_period_us`]: "100000\n",
        [`${base}/cpu,cpuacct/docker/1/cpu.cfs_quota_us`]: "250000\n",
        [`${base}/cpu,cpuacct/docker/1/cpu.cfs_period_us`]: "100000\n",
        [`${base}/memory/memory.limit_in_bytes`]: "9223372036854771712\n",
        [`${base}/memory/memory.usage_in_bytes`]: "100\n",
        [`${base}/memory/docker/1/memory.limit_in_bytes`]: "1000\n",
        [`${base}/memory/docker/1/memory.usage_in_bytes`]: "400\n",
        [`${base}/memory/docker/1/memory.stat`]:
          "inactive_file 3\nactive_file 5\ntotal_inactive_file 100\ntotal_active_file 50\n",
      }),
    ).toEqual({ quotaCores: 2.5, memoryRoomBytes: 750 });
  });

  test("inside a container, whose mount shows its group as the root", () => {
    expect(
      limits({
        "/proc/self/mountinfo":
          String.raw`50 49 0:29 /kubepods/pod1 /odd\040place/cpu ro - cgroup cgroup rw,cpu` + "\n",
        "/proc/self/cgroup": "3:cpu:/kubepods/pod1\n",
        "/odd place/cpu/cpu.cfs_quota_us": "300000\n",
        "/odd place/cpu/cpu.cfs_period_us": "100000\n",
      }),
    ).toEqual({ quotaCores: 3, memoryRoomBytes: Infinity });
  });
});

test("no cgroups at all, or files that make no sense, limit nothing", () => {
  const nothing = { quotaCores: Infinity, memoryRoomBytes: Infinity };
  expect(limits({})).toEqual(nothing);
  expect(limits({ "/proc/self/mountinfo": "x\n - \n", "/proc/self/cgroup": "y\n::\n:::\n" })).toEqual(nothing);
  expect(
    limits({
      "/proc/self/mountinfo": V2,
      "/proc/self/cgroup": "0::/\n",
      "/sys/fs/cgroup/cpu.max": "0 0\n",
      "/sys/fs/cgroup/memory.max": "lots\n",
      "/sys/fs/cgroup/memory.current": "1\n",
    }),
  ).toEqual(nothing);
});
