import { describe, expect, it } from "vitest";

import { strftime } from "./strftime.ts";

describe("strftime", () => {
  const afternoon = new Date(2026, 0, 5, 15, 4, 9);

  it("writes what Python's does in the C locale", () => {
    // From datetime(2026, 1, 5, 15, 4, 9).strftime(...) in Python 3.
    const expected = {
      "%d %b %Y": "05 Jan 2026",
      "%Y-%m-%d": "2026-01-05",
      "%B %d, %Y": "January 05, 2026",
      "%A, %a %-d": "Monday, Mon 5",
      "%H:%M:%S %I%p %y %j": "15:04:09 03PM 26 005",
      "%F %T %%d": "2026-01-05 15:04:09 %d",
    };
    for (const [format, text] of Object.entries(expected)) expect(strftime(afternoon, format)).toBe(text);
  });

  it("has 12 at midnight and noon, and the last day of a leap year", () => {
    expect(strftime(new Date(2026, 0, 1, 0), "%I %p")).toBe("12 AM");
    expect(strftime(new Date(2026, 0, 1, 12), "%I %p")).toBe("12 PM");
    expect(strftime(new Date(2024, 11, 31), "%j")).toBe("366");
  });

  it("leaves what it does not know", () => {
    expect(strftime(afternoon, "%Q %constructor 100%")).toBe("%Q %constructor 100%");
  });
});
