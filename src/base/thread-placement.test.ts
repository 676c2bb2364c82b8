import { describe, expect, it } from "vitest";
import type { NumaNode } from "./numa-nodes.ts";
import { placeThreads } from "./thread-placement.ts";

const nodeOf = (node: number, first: number, count: number): NumaNode => ({
  node,
  cpus: Array.from({ length: count }, (_, index) => first + index),
  physicalCores: count,
});
const TWO = [nodeOf(0, 0, 96), nodeOf(1, 96, 96)];

const machineOf = (nodes: readonly NumaNode[], quotaCores = Infinity) => {
  const cpus = nodes.reduce((sum, node) => sum + node.cpus.length, 0);
  return { nodes, cores: { cpus, physicalCores: cpus, quotaCores } };
};
const placed = (...args: Parameters<typeof placeThreads>): unknown => {
  const { threads, nodes } = placeThreads(...args);
  return [threads, nodes.map(({ node }) => node)];
};

describe("threads on NUMA nodes", () => {
  it.each([
    ["all cores, half of them on each of two", "auto", machineOf(TWO), [192, [0, 1]]],
    ["a number on both", 64, machineOf(TWO), [64, [0, 1]]],
    ["one thread where it comes to be", 1, machineOf(TWO), [1, []]],
    ["more threads than CPUs where they come to be", 500, machineOf(TWO), [500, []]],
    [
      "parts that do not fit what affinity leaves of a node",
      "auto",
      machineOf([nodeOf(0, 0, 12), nodeOf(1, 96, 4)]),
      [16, []],
    ],
    ["the cores of one", "node", machineOf(TWO), [96, [0]]],
    ["the cores of the larger", "node", machineOf([nodeOf(0, 0, 4), nodeOf(1, 96, 12)]), [12, [1]]],
    ["what a quota leaves of one", "node", machineOf(TWO, 8.5), [8, [0]]],
    ["a machine of one, all of it", "node", machineOf([nodeOf(0, 0, 8)]), [8, []]],
    ["a machine of one", "auto", machineOf([nodeOf(0, 0, 8)]), [8, []]],
  ] as const)("%s", (_, choice, machine, expected) => {
    expect(placed(choice, machine)).toEqual(expected);
  });

  it("refuses node where there are none", () => {
    expect(() => placeThreads("node", { ...machineOf([]), nodes: [] })).toThrow(/no NUMA nodes; give a number/);
  });
});
