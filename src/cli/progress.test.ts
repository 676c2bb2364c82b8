import { expect, test } from "vitest";
import { createProgress, renderBar } from "./progress.ts";

function fakeStream(isTTY: boolean): { isTTY: boolean; written: string[]; write: (text: string) => boolean } {
  const written: string[] = [];
  return { isTTY, written, write: (text) => written.push(text) > 0 };
}

test("shows nothing in the first second, then redraws ten times a second", () => {
  const stream = fakeStream(true);
  let nowMs = 0;
  const progress = createProgress(stream, () => nowMs);
  for (nowMs = 0; nowMs <= 2000; nowMs += 10) progress.update("loading", nowMs / 2000);
  expect(stream.written.length).toBe(11);
  expect(stream.written[0]).toContain("loading [############            ] 50 %");
  progress.done();
  expect(stream.written.at(-1)).toBe("\r\u001B[2K");
});

test("writes nothing where the stream is no terminal, and clears nothing that was not shown", () => {
  const pipe = fakeStream(false);
  let nowMs = 0;
  const onPipe = createProgress(pipe, () => nowMs);
  onPipe.update("loading", 0);
  nowMs = 5000;
  onPipe.update("loading", 1);
  onPipe.done();
  expect(pipe.written).toEqual([]);

  const terminal = fakeStream(true);
  const short = createProgress(terminal, () => 0);
  short.update("loading", 0.5);
  short.done();
  expect(terminal.written).toEqual([]);
});

test("a fraction outside 0..1 stays inside the bar", () => {
  expect(renderBar("x", -1)).toBe(`x [${" ".repeat(24)}] 0 %`);
  expect(renderBar("x", 7)).toBe(`x [${"#".repeat(24)}] 100 %`);
});
