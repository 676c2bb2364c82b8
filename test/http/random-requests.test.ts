/** Some hundreds of random requests; `npm run fuzz` sends 10,000 and measures memory. `SEED=n` repeats a run. */

import { expect, it } from "vitest";
import { fuzzRequests } from "../support/fuzz-requests.ts";

const REQUESTS = 500;

it("are answered or refused, never failed", async () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  const { failures, statuses, readyStatus, stats } = await fuzzRequests(seed, REQUESTS);
  expect(failures, `seed ${seed}`).toEqual([]);
  expect(readyStatus).toBe(200);
  expect(stats).toMatchObject({ running: 0, waiting: 0, pagesUsed: 0, failed: 0 });
  expect(Math.min(statuses.get(200) ?? 0, statuses.get(400) ?? 0)).toBeGreaterThan(REQUESTS / 10);
});
