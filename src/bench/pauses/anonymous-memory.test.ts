import { expect, it } from "vitest";
import { AnonymousPeak, anonymousBytesOf } from "./anonymous-memory.ts";

it("reads the anonymous part of a process's memory", () => {
  const status =
    "Name:\tnode\nVmRSS:\t  884736 kB\nRssAnon:\t  131072 kB\nRssFile:\t  753664 kB\nRssShmem:\t       0 kB\n";
  expect(anonymousBytesOf(status)).toBe(128 * 1024 * 1024);
  // A kernel thread has no memory of its own, and older kernels do not tell.
  expect(anonymousBytesOf("Name:\tkthreadd\n")).toBeNull();
});

it("takes the most since it was last taken", () => {
  let bytes: number | null = 30;
  const peak = new AnonymousPeak(() => bytes);
  try {
    expect(peak.take()).toBe(30);
    bytes = 20;
    expect(peak.take()).toBe(20);
    bytes = null;
    expect(peak.take()).toBeNull();
  } finally {
    peak.stop();
  }
});
