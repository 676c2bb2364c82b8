import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { takeFileLock } from "./file-lock.ts";

const OWN_LOCK = `process ${process.pid} on ${hostname()}`;
/** Above every pid that Linux gives. */
const DEAD = `process ${2 ** 22 + 1} on ${hostname()}`;
const QUICK = { pollMs: 2, staleMs: 15_000, unreadableMs: 50 };
const lockPath = (): string => join(mkdtempSync(join(tmpdir(), "turnwise-lock-")), "a.lock");
const never = (): AbortSignal => new AbortController().signal;

/** Nobody has touched it for a minute. */
function age(path: string): void {
  const minuteAgo = Date.now() / 1000 - 60;
  utimesSync(path, minuteAgo, minuteAgo);
}

/** Takes and holds it `count` times at once; gives the most that held it together. */
async function mostHolders(path: string, count: number): Promise<number> {
  let holders = 0;
  let most = 0;
  const hold = async (): Promise<void> => {
    const lock = await takeFileLock(path, never(), undefined, QUICK);
    holders += 1;
    most = Math.max(most, holders);
    await sleep(3);
    holders -= 1;
    await lock.release();
  };
  await Promise.all(Array.from({ length: count }, hold));
  return most;
}

test("holders come one after the other", async () => {
  const path = lockPath();
  expect(await mostHolders(path, 4)).toBe(1);
  expect(existsSync(path)).toBe(false);
});

test("of those that wait for an abandoned lock one takes it over, and none takes what that one has", async () => {
  for (let round = 0; round < 25; round += 1) {
    const path = lockPath();
    writeFileSync(path, `process 1 on another-host\nround ${round}`);
    age(path);
    expect(await mostHolders(path, 5)).toBe(1);
    expect(readdirSync(dirname(path))).toEqual([]);
  }
});

test("the lock of a process that has died is taken over, and is not given back by its old holder", async () => {
  const path = lockPath();
  const dead = await takeFileLock(path, never());
  writeFileSync(path, readFileSync(path, "utf8").replace(OWN_LOCK, DEAD));
  const lock = await takeFileLock(path, never());
  expect(readFileSync(path, "utf8")).toContain(OWN_LOCK);
  await dead.release();
  expect(existsSync(path)).toBe(true);
  await lock.release();
  expect(existsSync(path)).toBe(false);
});

test("a process in another container of the same host name is not taken for dead", async () => {
  const path = lockPath();
  const lock = await takeFileLock(path, never());
  const [, , token] = readFileSync(path, "utf8").split("\n");
  writeFileSync(path, `${DEAD}\nanother space\n${token}`);
  await expect(takeFileLock(path, AbortSignal.timeout(50), undefined, QUICK)).rejects.toThrow("aborted");
  await lock.release();
});

test("a claim whose owner has died in the middle of taking over holds nobody up", async () => {
  const path = lockPath();
  writeFileSync(path, "process 1 on another-host");
  age(path);
  // printf 'process 1 on another-host' | sha256sum
  const claim = `${path}.03beb07cf492d12e`;
  writeFileSync(claim, "process 2 on another-host");
  age(claim);
  const lock = await takeFileLock(path, AbortSignal.timeout(5000), undefined, QUICK);
  await lock.release();
  expect(readdirSync(dirname(path))).toEqual([]);
});

test("a wait says for whom, and ends with its signal", async () => {
  const path = lockPath();
  const lock = await takeFileLock(path, never());
  const waits: string[] = [];
  const waiting = takeFileLock(path, AbortSignal.timeout(50), (holder) => waits.push(holder), QUICK);
  await expect(waiting).rejects.toThrow("aborted");
  expect(waits).toEqual([OWN_LOCK]);
  await lock.release();
});

test("what stands there and cannot be read is said", async () => {
  const path = lockPath();
  mkdirSync(path);
  await expect(takeFileLock(path, never(), undefined, QUICK)).rejects.toMatchObject({
    code: "file_unreadable",
    params: { path, reason: expect.stringContaining("EISDIR") },
  });
});
