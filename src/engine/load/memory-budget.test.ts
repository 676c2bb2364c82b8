import { describe, expect, it } from "vitest";
import { availableMemoryBytes } from "./available-memory.ts";
import { pageBytesOf, type PoolDemand, sizePool } from "./memory-budget.ts";

const DEMAND: PoolDemand = {
  availableBytes: 1000,
  weightBytes: 90,
  arenaBytes: 10,
  pageBytes: 10,
  pageTokens: 32,
  contextTokens: 64,
  contextIsRequested: false,
  kvMemoryBytes: null,
  poolPages: null,
};

describe("sizePool", () => {
  it("holds eight contexts where memory is plenty", () => {
    expect(sizePool(DEMAND)).toEqual({ pages: 16, contextTokens: 64 });
  });

  it("takes 40 % of what weights leave where that is less", () => {
    expect(sizePool({ ...DEMAND, contextTokens: 320 })).toEqual({ pages: 36, contextTokens: 320 });
  });

  it("shortens a context that nobody asked for, and makes room for one that somebody did", () => {
    expect(sizePool({ ...DEMAND, contextTokens: 3200 })).toEqual({ pages: 36, contextTokens: 36 * 32 });
    const asked = { ...DEMAND, contextTokens: 50 * 32, contextIsRequested: true };
    expect(sizePool(asked)).toEqual({ pages: 50, contextTokens: 1600 });
  });

  it("takes the memory that was asked for", () => {
    expect(sizePool({ ...DEMAND, kvMemoryBytes: 899 })).toEqual({ pages: 89, contextTokens: 64 });
  });

  it("has the pages that were asked for, however short the context, up to 80 % of what weights leave", () => {
    expect(sizePool({ ...DEMAND, poolPages: 60 })).toEqual({ pages: 60, contextTokens: 64 });
    expect(sizePool({ ...DEMAND, poolPages: 100 })).toEqual({ pages: 72, contextTokens: 64 });
  });

  it.each<[Partial<PoolDemand>, number, number]>([
    [{ weightBytes: 990 }, 1000, 1000],
    [{ kvMemoryBytes: 901 }, 901, 900],
    [{ contextTokens: 80 * 32, contextIsRequested: true }, 800, 360],
    [{ kvMemoryBytes: 15, contextIsRequested: true }, 20, 15],
    [{ kvMemoryBytes: 9 }, 20, 9],
  ])("refuses %o: needs %d of %d bytes", (change, neededBytes, availableBytes) => {
    expect(() => sizePool({ ...DEMAND, ...change })).toThrow(
      expect.objectContaining({
        code: "memory_insufficient",
        params: expect.objectContaining({ neededBytes, availableBytes }),
      }),
    );
  });
});

describe("sizes", () => {
  const kv = { layers: 16, kvHeads: 8, headDim: 64 };

  it("of pages are K and V of all layers, with a scale for each int8 row", () => {
    const rows = 16 * 8 * 32 * 2;
    expect(pageBytesOf(kv, "f32", 32)).toBe(rows * 64 * 4);
    expect(pageBytesOf(kv, "f16", 32)).toBe(rows * 64 * 2);
    expect(pageBytesOf(kv, "int8", 32)).toBe(rows * (64 + 4));
  });
});

describe("availableMemoryBytes", () => {
  const files: Readonly<Record<string, string>> = {
    "/proc/meminfo": "MemTotal: 8000 kB\nMemFree:  10 kB\nMemAvailable:   4000 kB\n",
    "/proc/self/mountinfo": "35 24 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    "/proc/self/cgroup": "0::/pod\n",
    "/sys/fs/cgroup/pod/memory.current": "60000\n",
  };
  const available = (limit: string): number =>
    availableMemoryBytes((path) => (path === "/sys/fs/cgroup/pod/memory.max" ? limit : (files[path] ?? null)));

  it("is what the machine has, or what the cgroup leaves, and never below nothing", () => {
    expect(available("max")).toBe(4_096_000);
    expect(available("100000")).toBe(40_000);
    expect(available("50000")).toBe(0);
  });

  it("knows something of this machine", () => {
    expect(availableMemoryBytes()).toBeGreaterThan(1024 * 1024);
  });
});
