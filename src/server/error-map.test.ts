import { describe, expect, it } from "vitest";
import { ERRORS, TurnwiseError, turnwiseError } from "../base/errors.ts";
import type { ErrorClass, ErrorCode } from "../base/errors.ts";
import { ERROR_MAP, errorBody, errorStatus, retryAfterSeconds } from "./error-map.ts";

const codes = Object.keys(ERRORS) as ErrorCode[];

/** The statuses that errors of a class may have. */
const STATUSES: Readonly<Record<ErrorClass, readonly number[]>> = {
  FormatError: [500],
  ModelError: [500],
  UsageError: [500],
  // 500: the command line's own, which no route raises.
  RequestError: [500, 400, 401, 403, 404, 405, 408, 413, 415, 422, 431, 409],
  // 500: raised while a model loads, never for a request.
  CapacityError: [400, 429, 500, 503],
  AbortError: [499, 500, 503, 504],
  NativeError: [500],
  InternalError: [500],
};

describe("ERROR_MAP", () => {
  it("has each code of the error table and no other", () => {
    expect(Object.keys(ERROR_MAP).toSorted()).toEqual(codes.toSorted());
  });

  it.each(codes)("blames %s on the client or the server as its class does", (code) => {
    const { status, type } = ERROR_MAP[code];
    const clientType = status === 429 ? "rate_limit_error" : "invalid_request_error";
    expect(type).toBe(status >= 500 ? "server_error" : clientType);
    expect(STATUSES[ERRORS[code].class]).toContain(status);
  });
});

describe("errorBody", () => {
  it("keeps the text of the client's own errors and names the field", () => {
    const error = turnwiseError("request_invalid", { field: "messages[0].role", problem: "is required" });
    expect(errorStatus(error)).toBe(400);
    expect(errorBody(error, "r1")).toEqual({
      error: {
        message: "messages[0].role: is required",
        type: "invalid_request_error",
        param: "messages[0].role",
        code: "request_invalid",
      },
    });
  });

  it.each(codes.filter((code) => ERROR_MAP[code].status === 500))("tells nothing of %s but where to look", (code) => {
    const params = Object.fromEntries(
      Array.from(ERRORS[code].message.matchAll(/\{(\w+)\}/g), ([, name = ""]) => [name, "secret"]),
    );
    const { error } = errorBody(new TurnwiseError(code, params), "r1");
    expect(error).toMatchObject({ message: expect.stringContaining("r1"), code: null });
    expect(error.message).not.toContain("secret");
  });
});

it("retryAfterSeconds is given only where the same request may succeed later", () => {
  const full = { waiting: 1, what: "answers", limit: 1 };
  expect(retryAfterSeconds(turnwiseError("queue_full", { ...full, retryAfterS: 17 }))).toBe(17);
  expect(retryAfterSeconds(turnwiseError("queue_full", { ...full, retryAfterS: 1e9 }))).toBe(600);
  expect(retryAfterSeconds(turnwiseError("draining"))).toBe(2);
  expect(retryAfterSeconds(turnwiseError("prompt_empty"))).toBeNull();
  expect(retryAfterSeconds(turnwiseError("too_many_sessions", { limit: 1 }))).toBeNull();
  expect(retryAfterSeconds(turnwiseError("engine_failed", { reason: "" }))).toBeNull();
});
