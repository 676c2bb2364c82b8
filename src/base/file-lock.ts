/**
 * A lock between processes: a file that exists while it is held. Its holder touches it every few seconds,
 * so that the lock of a process that was killed is known by its age, on any file system and also where the
 * holder is in another container. It keeps work from being done twice; what it guards is safe without it.
 */

import { open, readFile, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const TOUCH_MS = 2000;
/** Several touches: a holder may be swapped out or write to a slow disk. */
const STALE_MS = 15_000;
const POLL_MS = 250;

export interface FileLock {
  release(): Promise<void>;
}

/**
 * Takes the lock at `path`, waiting for another holder; `onWait` is told once who that is. Throws the
 * signal's reason when it is aborted, and what the system says where the file cannot be made.
 */
export async function takeFileLock(
  path: string,
  signal: AbortSignal,
  onWait: (holder: string) => void = () => {},
): Promise<FileLock> {
  const text = `process ${process.pid} on ${hostname()}`;
  for (let waits = 0; ; waits += 1) {
    signal.throwIfAborted();
    if (await createFile(path, text)) return hold(path);
    const holder = await readHolder(path);
    if (holder === null) continue;
    if (holder.ageMs > STALE_MS || hasDied(holder.text)) await rm(path, { force: true });
    else {
      if (waits === 0) onWait(holder.text);
      await sleep(POLL_MS, undefined, { signal });
    }
  }
}

async function createFile(path: string, text: string): Promise<boolean> {
  try {
    const handle = await open(path, "wx");
    await handle.writeFile(text);
    await handle.close();
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

function hold(path: string): FileLock {
  const timer = setInterval(() => void touch(path), TOUCH_MS);
  timer.unref();
  return {
    release: async () => {
      clearInterval(timer);
      await rm(path, { force: true });
    },
  };
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  // A lock that someone removed is theirs to answer for.
  await utimes(path, now, now).catch(() => {});
}

/** Null where it was released meanwhile. */
async function readHolder(path: string): Promise<{ readonly text: string; readonly ageMs: number } | null> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    return { text, ageMs: Date.now() - mtimeMs };
  } catch {
    return null;
  }
}

/** Known only of processes on this host; another one's age has to tell. */
function hasDied(text: string): boolean {
  const [, pid, host] = /^process (\d+) on (.*)$/.exec(text) ?? [];
  if (pid === undefined || host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return hasCode(error, "ESRCH");
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
