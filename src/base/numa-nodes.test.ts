import { describe, expect, it } from "vitest";
import { readNumaNodes } from "./numa-nodes.ts";

type Files = Readonly<Record<string, string>>;

const node = (name: number, cpulist: string): Files => ({
  [`/sys/devices/system/node/node${name}/cpulist`]: `${cpulist}\n`,
});
const machine = (online: string, allowed: string, ...nodes: readonly Files[]): Files => ({
  "/sys/devices/system/node/online": `${online}\n`,
  "/proc/self/status": `Name:\tnode\nCpus_allowed_list:\t${allowed}\nX: 1\n`,
  ...Object.assign({}, ...nodes),
});
const nodesOf = (files: Files): unknown =>
  readNumaNodes((path) => files[path] ?? null).map(({ node: name, cpus, physicalCores }) => [
    name,
    cpus.length,
    cpus[0],
    cpus.at(-1),
    physicalCores,
  ]);

/** As an Arm server of 192 cores has them: a hardware thread each. */
const GRAVITON5_48XLARGE = [node(0, "0-95"), node(1, "96-191")];
/** As x86 servers number the second threads of their cores. */
const TWO_SOCKETS_WITH_THREADS: readonly Files[] = [
  node(0, "0-1,4-5"),
  node(1, "2-3,6-7"),
  Object.fromEntries(
    Array.from({ length: 8 }, (_, cpu) => [
      `/sys/devices/system/cpu/cpu${cpu}/topology/core_cpus_list`,
      `${cpu % 4},${(cpu % 4) + 4}\n`,
    ]),
  ),
];

describe("NUMA nodes", () => {
  it.each([
    [
      "two of 96 cores",
      machine("0-1", "0-191", ...GRAVITON5_48XLARGE),
      [
        [0, 96, 0, 95, 96],
        [1, 96, 96, 191, 96],
      ],
    ],
    [
      "part of each, by affinity",
      machine("0-1", "90-99", ...GRAVITON5_48XLARGE),
      [
        [0, 6, 90, 95, 6],
        [1, 4, 96, 99, 4],
      ],
    ],
    ["one, by affinity", machine("0-1", "96-111", ...GRAVITON5_48XLARGE), [[1, 16, 96, 111, 16]]],
    [
      "two hardware threads a core",
      machine("0-1", "0-7", ...TWO_SOCKETS_WITH_THREADS),
      [
        [0, 4, 0, 5, 2],
        [1, 4, 2, 7, 2],
      ],
    ],
    ["one with memory alone", machine("0-2", "0-3", node(0, "0-3"), node(1, ""), node(2, "4-7")), [[0, 4, 0, 3, 4]]],
    [
      "numbers with gaps",
      machine("0,8", "0-15", node(0, "0-7"), node(8, "8-15")),
      [
        [0, 8, 0, 7, 8],
        [8, 8, 8, 15, 8],
      ],
    ],
    ["a single one", machine("0", "0-1", node(0, "0-1")), [[0, 2, 0, 1, 2]]],
    ["a system that names none", {}, []],
    ["a number that the kernel could not be told", machine("0,64", "0-15", node(0, "0-7"), node(64, "8-15")), []],
  ])("%s", (_, files, expected) => {
    expect(nodesOf(files)).toEqual(expected);
  });
});
