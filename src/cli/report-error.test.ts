import { expect, test } from "vitest";
import { turnwiseError } from "../base/errors.ts";
import { errorLines, exitCodeOf } from "./report-error.ts";

test("one line with the message, one with what to do", () => {
  const lines = errorLines(
    turnwiseError("file_unreadable", { path: "/x.gguf", reason: "there is no such file" }),
    false,
  );
  expect(lines).toEqual([
    "turnwise: Cannot read /x.gguf: there is no such file",
    "  MODEL is a GGUF file, a Hugging Face directory, hf:ORG/NAME or a pulled model; without it the built-in model is used.",
  ]);
});

test("what the system refuses is told in its words, a defect as one", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { syscall: "write" });
  expect(errorLines(full, false)).toEqual(["turnwise: The system refused: ENOSPC: no space left on device, write"]);
  expect(errorLines(new TypeError("x is not a function"), false)[0]).toBe(
    "turnwise: Internal error: x is not a function. Please report it.",
  );
});

test("a defect prints its stack only when asked to", () => {
  const thrown = new TypeError("x is not a function");
  expect(errorLines(thrown, false).join("\n")).not.toContain("report-error.test");
  expect(errorLines(thrown, true).join("\n")).toContain("report-error.test");
});

test.each([
  [turnwiseError("unknown_option", { option: "--x", hint: "" }), 2],
  [turnwiseError("cancelled"), 130],
  [turnwiseError("prompt_empty"), 1],
  [new TypeError("defect"), 1],
  ["a thrown string", 1],
])("exit code of %s", (thrown, code) => {
  expect(exitCodeOf(thrown)).toBe(code);
});
