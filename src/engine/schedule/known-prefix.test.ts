import { describe, expect, it } from "vitest";
import { makeScheduler } from "../../../test/support/scheduler-harness.ts";

describe("the prefix that another is computing", () => {
  const shared = Int32Array.from({ length: 600 }, (_, index) => index);

  it.each([
    [0, 1, "running"],
    [1, 1, "waiting"],
    [2, 1, "waiting"],
  ])("of priority %i is waited for by one of priority %i: %s", (first, second, state) => {
    const { add, step } = makeScheduler({ pages: 200, maxStepTokens: 64 });
    add(shared, { priority: first });
    step();
    const other = add(shared, { priority: second });
    step();
    expect(other.state).toBe(state);
  });
});
