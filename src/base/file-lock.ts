/**
 * A lock between processes: a file that exists while it is held. Its holder touches it every few seconds,
 * so that the lock of a process that was killed is known by its age, on any file system and also where the
 * holder is in another container. It keeps work from being done twice; what it guards is safe without it.
 *
 * Each taking writes a token of its own. Whoever takes over an abandoned lock first claims it: a file named
 * after that lock's text, which one process alone can create, and which then replaces the lock. So of those
 * that wait, one takes it over, and none removes what another has just taken.
 */

import { createHash, randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fail } from "./errors.ts";

const TOUCH_MS = 2000;

export interface LockPatience {
  readonly pollMs: number;
  /** A lock that nobody touched for so long is abandoned. */
  readonly staleMs: number;
  /** A file that stands in the way and cannot be read for so long is no lock. */
  readonly unreadableMs: number;
}

/** Stale are several touches: a holder may be swapped out or write to a slow disk. */
const PATIENCE: LockPatience = { pollMs: 250, staleMs: 15_000, unreadableMs: 15_000 };

export interface FileLock {
  release(): Promise<void>;
}

interface Holder {
  readonly text: string;
  readonly ageMs: number;
}

/**
 * Takes the lock at `path`, waiting for another holder; `onWait` is told once who that is. Throws the
 * signal's reason when it is aborted, `file_unreadable` where something else lies there, and what the system
 * says where the file cannot be made.
 */
export async function takeFileLock(
  path: string,
  signal: AbortSignal,
  onWait: (holder: string) => void = () => {},
  patience: LockPatience = PATIENCE,
): Promise<FileLock> {
  const text = [`process ${process.pid} on ${hostname()}`, PID_SPACE, randomUUID()].join("\n");
  let isTold = false;
  let readMs = performance.now();
  for (;;) {
    signal.throwIfAborted();
    const created = await createFile(path, text);
    if (created !== null) return hold(path, created, text);
    const holder = await readHolder(path);
    if (holder instanceof Error) {
      if (performance.now() - readMs > patience.unreadableMs) fail("file_unreadable", { path, reason: holder.message });
    } else {
      readMs = performance.now();
      const taken = isAbandoned(holder, patience) ? await takeOver(path, holder.text, text, patience) : null;
      if (taken !== null) return hold(path, taken, text);
      if (!isTold) onWait(holder.text.split("\n", 1).join());
      isTold = true;
    }
    await sleep(patience.pollMs, undefined, { signal });
  }
}

/** Null where there is one. */
async function createFile(path: string, text: string): Promise<FileHandle | null> {
  let handle: FileHandle;
  try {
    handle = await open(path, "wx");
  } catch (error) {
    if (hasCode(error, "EEXIST")) return null;
    throw error;
  }
  try {
    await handle.writeFile(text);
    return handle;
  } catch (error) {
    await discard(handle, path);
    throw error;
  }
}

/** Puts a file with `text` in the place of the lock with `abandoned`; null where that is not there any more, or another does it. */
async function takeOver(
  path: string,
  abandoned: string,
  text: string,
  patience: LockPatience,
): Promise<FileHandle | null> {
  const claimPath = `${path}.${createHash("sha256").update(abandoned).digest("hex").slice(0, 16)}`;
  const claim = await createFile(claimPath, text);
  if (claim === null) {
    // Its owner would have used it at once.
    const owner = await readHolder(claimPath);
    if (!(owner instanceof Error) && isAbandoned(owner, patience)) await rm(claimPath, { force: true });
    return null;
  }
  // Read again: it may have been taken over since, and its claim used up.
  const holder = await readHolder(path);
  if (holder instanceof Error || holder.text !== abandoned || !isAbandoned(holder, patience)) {
    await discard(claim, claimPath);
    return null;
  }
  await rename(claimPath, path);
  return claim;
}

function hold(path: string, handle: FileHandle, text: string): FileLock {
  // By its handle, so that a lock that was taken over is not kept alive for its new holder.
  const touch = (): void => void handle.utimes(new Date(), new Date()).catch(() => {});
  const timer = setInterval(touch, TOUCH_MS);
  timer.unref();
  return {
    release: async () => {
      clearInterval(timer);
      const holder = await readHolder(path);
      if (!(holder instanceof Error) && holder.text === text) await rm(path, { force: true });
      await handle.close();
    },
  };
}

async function discard(handle: FileHandle, path: string): Promise<void> {
  await handle.close();
  await rm(path, { force: true });
}

/** Text and age of one file, whatever takes its place meanwhile; or why it cannot be read. */
async function readHolder(path: string): Promise<Holder | Error> {
  try {
    const handle = await open(path, "r");
    try {
      const { mtimeMs } = await handle.stat();
      return { text: await handle.readFile("utf8"), ageMs: Date.now() - mtimeMs };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function isAbandoned({ text, ageMs }: Holder, { staleMs }: LockPatience): boolean {
  return ageMs > staleMs || hasDied(text);
}

/** Known only of processes whose numbers are ours; another one's age has to tell. */
function hasDied(text: string): boolean {
  const [, pid, space] = /^process (\d+) on .*\n(.*)/.exec(text) ?? [];
  if (pid === undefined || space !== PID_SPACE) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return hasCode(error, "ESRCH");
  }
}

/** Where a process's number means one process: containers may share a host's name and not its processes. */
const PID_SPACE = pidSpace();

function pidSpace(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    // No Linux: no such containers.
    return hostname();
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
