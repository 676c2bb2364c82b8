import { expect, it } from "vitest";
import { requestIdFrom } from "./request-id.ts";

it("takes a printable id of at most 128 characters", () => {
  expect(requestIdFrom("trace/42:a")).toBe("trace/42:a");
  expect(requestIdFrom("x".repeat(128))).toBe("x".repeat(128));
});

it.each([undefined, "", "x".repeat(129), "a b", "a\tb", "é"])("makes its own instead of %j", (given) => {
  const made = requestIdFrom(given);
  expect(made).toMatch(/^req-[0-9a-f-]{36}$/);
  expect(requestIdFrom(given)).not.toBe(made);
});
