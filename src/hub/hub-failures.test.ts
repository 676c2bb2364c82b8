import { describe, expect, test } from "vitest";
import { HubBusyError, parseRetryAfter, unreachable } from "./hub-failures.ts";

describe("parseRetryAfter", () => {
  // RFC 9110, 10.2.3 and 5.6.7.
  const NOW_MS = Date.UTC(1999, 11, 31, 23, 59, 0);
  test.each([
    ["120", 120_000],
    ["Fri, 31 Dec 1999 23:59:59 GMT", 59_000],
    ["Fri, 31 Dec 1999 23:00:00 GMT", 0],
    ["soon", null],
    ["", null],
    [null, null],
  ])("%s is %s ms", (text, ms) => {
    expect(parseRetryAfter(text, NOW_MS)).toBe(ms);
  });
});

/** What undici throws. */
const failure = (code: string) =>
  unreachable(
    new URL("http://hub/"),
    new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) }),
  );

test("a cut connection may pass, one to nobody does not", () => {
  expect(failure("ECONNRESET")).toBeInstanceOf(HubBusyError);
  for (const code of ["ECONNREFUSED", "ENOTFOUND"]) expect(failure(code)).not.toBeInstanceOf(HubBusyError);
});
