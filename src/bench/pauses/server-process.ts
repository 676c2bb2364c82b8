/** `turnwise serve` as a process of its own, so that what its client does counts neither as a pause nor as memory. */

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { constants, setPriority } from "node:os";
import type { Environment } from "../../base/environment.ts";
import { fail, turnwiseError } from "../../base/errors.ts";

export interface ServerCommand {
  readonly command: readonly [program: string, ...args: string[]];
  readonly env: Environment;
  /** Without a settings file. */
  readonly folder: string;
}

export interface ServerProcess {
  readonly pid: number;
  /** Its base, without a path. */
  readonly url: Promise<string>;
  /** Lets it finish what runs; called again, it ends at once. */
  stop(): Promise<void>;
}

const LISTENS = /^listening on (\S+)$/m;

/** `url` resolves when the model is loaded, and rejects with `start_failed` where the process ends before. */
export function startServerProcess({ command: [program, ...args], env, folder }: ServerCommand): ServerProcess {
  const child = spawn(program, args, { env, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  goBehindServer();
  const kill = (): void => void child.kill("SIGKILL");
  // An interrupt that ends this process at once would leave it behind.
  process.once("exit", kill);
  let said = "";
  const closed = new Promise<void>((resolve) => {
    child.once("close", () => {
      process.off("exit", kill);
      resolve();
    });
  });
  const url = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const [, found] = LISTENS.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    void closed.then(() => reject(turnwiseError("start_failed", { reason: said.trim() })));
  });
  // Whoever waits for it hears of it.
  url.catch(() => undefined);
  return {
    pid: child.pid ?? fail("start_failed", { reason: `${program} cannot be run` }),
    url,
    async stop() {
      child.kill("SIGTERM");
      await closed;
    },
  };
}

/** All threads of this process: those that collect its garbage take cores, too. The server has been started at full priority. */
function goBehindServer(): void {
  const threads = process.platform === "linux" ? readdirSync("/proc/self/task").map(Number) : [0];
  for (const thread of threads) {
    try {
      setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // It has ended, or a sandbox forbids it.
    }
  }
}
