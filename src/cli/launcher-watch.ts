/**
 * Notices that what started this process has ended. npm passes SIGTERM to the shell between them, which ends by it
 * without passing it on: a server would stay, with the port, and with nobody who knows of it.
 */

import type { Environment } from "../base/environment.ts";

const LOOK_MS = 1000;

/** Calls `onEnd` once where npm (npx, npm start, any script) started this process and its parent ends. Keeps nothing running. */
export function watchLauncher(env: Environment, onEnd: () => void): void {
  if (env["npm_command"] === undefined && env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onEnd();
  }, LOOK_MS).unref();
}
