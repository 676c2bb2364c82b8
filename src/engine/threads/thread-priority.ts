/**
 * The threads that compute go behind the main thread, where both want a core: what that does for a request takes
 * a millisecond, and it would wait for one slice of theirs after another to end, three milliseconds each. Within a container,
 * a service or a session Linux weighs threads against each other alone, and they have no less of the machine for it; where
 * there are none of these they yield to other programs.
 */

import { getPriority, setPriority } from "node:os";
import { loadAddon } from "../../native/load-addon.ts";

/** By which a thread is nicer than the one that started the process: it weighs a third. */
const NICER_BY = 5;
const NICEST = 19;

/** The shortest that Linux gives. */
const SHORT_SLICE_NS = 100_000;

/** Of the calling thread, and of those that it starts from now on. Linux alone has priorities of threads. */
export function goBehindMainThread(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(Math.min(NICEST, getPriority() + NICER_BY));
  } catch {
    // A sandbox may forbid it: then they are equals.
  }
}

/**
 * For a main thread that others wait for: as soon as it has something to do it takes a core from a thread that computes, and
 * does not wait for the end of that one's slice. To be called when the threads have started, for they would inherit it. Does
 * nothing before Linux 6.12.
 */
export function takeCoresAtOnce(): void {
  loadAddon().addon?.setThreadSlice(SHORT_SLICE_NS);
}
