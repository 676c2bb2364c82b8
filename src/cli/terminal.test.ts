import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { TurnwiseError } from "../base/errors.ts";
import { decodeUtf8, writeModelText, writeText } from "./terminal.ts";

test("control characters of a model's text reach a pipe but not a terminal", async () => {
  const said = "a\u001B[2J\u009B\r\n\tb\u0000é";
  const pipe = new PassThrough();
  await writeModelText(pipe, said);
  pipe.end();
  expect(await text(pipe)).toBe(said);
  const screen = Object.assign(new PassThrough(), { isTTY: true });
  await writeModelText(screen, said);
  screen.end();
  expect(await text(screen)).toBe("a\uFFFD[2J\uFFFD\uFFFD\n\tb\uFFFDé");
});

test("writing waits while the reader is behind", async () => {
  const pipe = new PassThrough({ highWaterMark: 4 });
  let written = false;
  const write = writeText(pipe, "longer than four").then(() => (written = true));
  await new Promise(setImmediate);
  expect(written).toBe(false);
  pipe.resume();
  await write;
  expect(written).toBe(true);
});

test("bytes that are no UTF-8 are refused; a byte order mark stays", () => {
  expect(() => decodeUtf8("x.txt", Uint8Array.of(0xc3, 0x28))).toThrow(TurnwiseError);
  expect(decodeUtf8("x.txt", Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\uFEFFa");
});
