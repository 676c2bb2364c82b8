/** 10,000 random requests over all POST routes; `SEED=n` repeats a run, `REQUESTS=n` sends another number. */

import { expect, it } from "vitest";
import { fuzzRequests } from "../support/fuzz-requests.ts";

const MIB = 1024 * 1024;

it("leave the server up, with 4xx answers and no growth in memory", async () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  const count = Number(process.env["REQUESTS"] ?? 10_000);
  console.log(`seed ${seed}`);
  const report = await fuzzRequests(seed, count);
  const { statuses, heapGrowthBytes, residentGrowthBytes } = report;
  const growth = [heapGrowthBytes, residentGrowthBytes].map((bytes) => `${(bytes / MIB).toFixed(1)} MiB`);
  console.log([...statuses].map(([status, times]) => `${times} x ${status}`).join(", "));
  console.log(`growth after warm-up: heap ${growth[0]}, resident ${growth[1]}`);
  expect(report.failures).toEqual([]);
  expect(report.readyStatus).toBe(200);
  expect(report.stats).toMatchObject({ running: 0, waiting: 0, pagesUsed: 0, failed: 0 });
  // Leaks of requests' bodies, compiled grammars or conversations would be hundreds of MiB.
  expect(heapGrowthBytes).toBeLessThan(16 * MIB);
  expect(residentGrowthBytes).toBeLessThan(96 * MIB);
  // Both kinds of answers are met often: a run that is only refused at the door would show little.
  expect(statuses.get(200)).toBeGreaterThan(count / 10);
  expect(statuses.get(400)).toBeGreaterThan(count / 10);
});
