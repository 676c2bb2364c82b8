import { expect, test } from "vitest";
import { formatBytes } from "./bytes.ts";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.00 KiB"],
  [1_234_567, "1.18 MiB"],
  [999.6 * 1024, "1000 KiB"],
  [1020 * 1024, "1020 KiB"],
  [1024 ** 5 * 2, "2048 TiB"],
])("%s bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
