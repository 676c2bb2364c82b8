import { existsSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { takeFileLock } from "./file-lock.ts";

const OWN_LOCK = `process ${process.pid} on ${hostname()}`;
const lockPath = (): string => join(mkdtempSync(join(tmpdir(), "turnwise-lock-")), "a.lock");
const never = (): AbortSignal => new AbortController().signal;

test("holders come one after the other", async () => {
  const path = lockPath();
  let holders = 0;
  const hold = async (): Promise<void> => {
    const lock = await takeFileLock(path, never());
    holders += 1;
    expect(holders).toBe(1);
    await new Promise((go) => setTimeout(go, 20));
    holders -= 1;
    await lock.release();
  };
  await Promise.all([hold(), hold(), hold()]);
  expect(existsSync(path)).toBe(false);
});

test("the lock of a process that has died is taken over", async () => {
  const path = lockPath();
  // Above every pid that Linux gives.
  writeFileSync(path, `process ${2 ** 22 + 1} on ${hostname()}`);
  const lock = await takeFileLock(path, never());
  expect(readFileSync(path, "utf8")).toBe(OWN_LOCK);
  await lock.release();
});

test("a lock from elsewhere is taken over when nobody has touched it for long", async () => {
  const path = lockPath();
  writeFileSync(path, "process 1 on another-host");
  const minuteAgo = Date.now() / 1000 - 60;
  utimesSync(path, minuteAgo, minuteAgo);
  const lock = await takeFileLock(path, never());
  expect(readFileSync(path, "utf8")).toBe(OWN_LOCK);
  await lock.release();
});

test("a wait says for whom, and ends with its signal", async () => {
  const path = lockPath();
  const lock = await takeFileLock(path, never());
  const waits: string[] = [];
  const waiting = takeFileLock(path, AbortSignal.timeout(50), (holder) => waits.push(holder));
  await expect(waiting).rejects.toThrow("aborted");
  expect(waits).toEqual([OWN_LOCK]);
  await lock.release();
});
