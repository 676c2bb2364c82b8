/** Runs another program to its end, for scripts that are nothing without what it prints. */

import { spawnSync } from "node:child_process";

/**
 * What the command prints on standard output. `options` are spawnSync's; `env` is added to this process's own. Throws an Error
 * with the command line and what it said, where it cannot be started or ends with another status than 0.
 */
export function runCommand(command, args, { env = {}, ...options } = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    env: { ...process.env, ...env },
    ...options,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? (stderr || `it ended with ${status}`)}`);
}
