import { describe, expect, it } from "vitest";

import { turnwiseError } from "../base/errors.ts";
import { nativeCall } from "./native-call.ts";

const throwing = (error: unknown) => (): never => {
  throw error;
};

describe("nativeCall", () => {
  it("returns what the call returns", () => {
    expect(nativeCall("The handle", "size", () => 7)).toBe(7);
  });

  it("names the call and the core's reason", () => {
    const run = throwing(new RangeError("positions are not consecutive"));
    expect(() => nativeCall("The handle", "step", run)).toThrow(
      expect.objectContaining({
        code: "native_failed",
        message: "The native core refused step: positions are not consecutive",
      }),
    );
  });

  it("names the handle that was disposed", () => {
    expect(() => nativeCall("The handle", "step", throwing(new Error("disposed")))).toThrow(
      expect.objectContaining({ code: "native_disposed", message: "The handle was used after dispose()." }),
    );
  });

  it("passes on the table's own errors", () => {
    const gone = turnwiseError("file_unreadable", { path: "x.gguf", reason: "gone" });
    expect(() => nativeCall("The handle", "pack", throwing(gone))).toThrow(expect.objectContaining({ code: "file_unreadable" }));
  });
});
