/**
 * A worker thread and the first message that it waits for. Its modules take longer to load than many a model, so a
 * program that will run one starts the engine's threads ahead, while it still finds out which.
 */

import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { workerEntry } from "./worker-entry.ts";

export interface WorkerThread {
  readonly worker: Worker;
  /** Takes one message, for `startData`. */
  readonly start: MessagePort;
}

/** Those that nobody has taken yet, by their entry. */
const startedAhead = new Map<string, WorkerThread>();

/** Starts a thread of each entry, by default those of an engine. They keep no process alive, and end with it. */
export function startThreadsAhead(entries = [workerEntry("step-worker"), workerEntry("text-worker")]): void {
  for (const entry of entries) {
    const thread = startThread(entry);
    startedAhead.set(entry.href, thread);
    // One that died is started again by who wants it, and says then why.
    const forget = (): boolean => startedAhead.delete(entry.href);
    thread.worker.once("error", forget).once("exit", forget);
  }
}

/** One that was started ahead, else a new one. */
export function takeThread(entry: URL): WorkerThread {
  const ahead = startedAhead.get(entry.href);
  startedAhead.delete(entry.href);
  return ahead ?? startThread(entry);
}

function startThread(entry: URL): WorkerThread {
  const { port1: start, port2 } = new MessageChannel();
  // The process's own flags (--input-type, --import) are about its main script.
  const worker = new Worker(entry, { workerData: port2, transferList: [port2], name: nameOf(entry), execArgv: [] });
  worker.unref();
  return { worker, start };
}

/** In lists of threads. */
const nameOf = ({ pathname }: URL): string => `turnwise-${/([^/]*)\.[a-z]+$/.exec(pathname)?.[1] ?? ""}`;
