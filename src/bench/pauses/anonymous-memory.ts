/**
 * The anonymous memory of a process: what it has written, and nothing that is mapped from a file. The system tells no
 * peak of it, so it is looked at again and again. Linux alone tells it.
 */

import { readFileSync } from "node:fs";

/** What a request allocates lives longer than that. */
const LOOK_MS = 20;

export class AnonymousPeak {
  readonly #read: () => number | null;
  readonly #timer: NodeJS.Timeout;
  #peakBytes: number | null = null;

  constructor(read: () => number | null) {
    this.#read = read;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** The most since it was last taken; null where the system does not tell. */
  take(): number | null {
    this.#look();
    const peakBytes = this.#peakBytes;
    this.#peakBytes = null;
    return peakBytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const bytes = this.#read();
    if (bytes !== null) this.#peakBytes = Math.max(this.#peakBytes ?? 0, bytes);
  }
}

/** Of the process `pid`; null where there is none, or the system does not tell. */
export function readAnonymousBytes(pid: number): number | null {
  try {
    return anonymousBytesOf(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return null;
  }
}

/** From the text of /proc/PID/status (proc_pid_status(5)). */
export function anonymousBytesOf(status: string): number | null {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}
