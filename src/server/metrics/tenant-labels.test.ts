import { expect, it } from "vitest";
import { TenantLabels } from "./tenant-labels.ts";

it("names a hundred tenants, and calls those that come later other", () => {
  const labels = new TenantLabels();
  const names = Array.from({ length: 100 }, (_, index) => `tenant ${index}`);
  expect(names.map((name) => labels.of(name))).toEqual(names);
  expect(labels.of("late")).toBe("other");
  expect(labels.of("later")).toBe("other");
  expect(labels.of("tenant 0")).toBe("tenant 0");
});
