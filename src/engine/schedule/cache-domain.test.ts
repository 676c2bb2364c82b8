import { expect, it } from "vitest";
import { CacheDomains } from "./cache-domain.ts";

it("forgets the tenants of which nothing is left, and none that has pages or something under way", () => {
  const domains = new CacheDomains();
  const [cached, running, parked] = ["cached", "running", "parked"].map((name) => domains.of(name, ""));
  if (cached !== undefined) cached.tenant.used = 1;
  if (running !== undefined) running.tenant.live = 1;
  const held = parked === undefined ? [] : [parked];
  let asked = 0;
  for (let index = 0; index < 10_000; index += 1) {
    domains.forgetIdle(() => {
      asked += 1;
      return held;
    });
    domains.of(`tenant ${index}`, "");
  }
  const known = Array.from({ length: 10_000 }, (_, index) => domains.find(`tenant ${index}`, "")).filter(Boolean);
  expect(known.length).toBeLessThan(256);
  for (const domain of [cached, running, parked]) {
    expect(domains.find(domain?.tenant.name ?? "", "")?.tenant).toBe(domain?.tenant);
  }
  // Not at every order.
  expect(asked).toBeLessThan(10_000 / 200);
});
