/** What `turnwise` does: arguments in, exit code out. */

import { packageVersion } from "../native/native-paths.ts";
import { commandsFor } from "./commands.ts";
import { processInterrupts } from "./interrupts.ts";
import { watchLauncher } from "./launcher-watch.ts";
import { parseArguments } from "./parse-arguments.ts";
import { errorLines, exitCodeOf } from "./report-error.ts";
import { isBrokenPipe, writeText } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

/** Help is laid out for this width where the output is no terminal. */
const PIPE_COLUMNS = 100;

const terminal: Terminal = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env };

process.on("unhandledRejection", endWithError);
process.on("uncaughtException", endWithError);
// The reader of the results left, as `head` does: nothing is wrong and nobody is there to be told.
process.stdout.on("error", (error) => (isBrokenPipe(error) ? process.exit(0) : endWithError(error)));
// Nobody reads what is said about them, as when Ctrl-C ends `serve 2>&1 | tee log`: the work goes on.
process.stderr.on("error", (error) => isBrokenPipe(error) || endWithError(error));

try {
  const code = await main();
  process.stdout.write("", () => process.exit(code));
} catch (thrown) {
  endWithError(thrown);
}

async function main(): Promise<number> {
  const columns = process.stdout.columns ?? PIPE_COLUMNS;
  const argv = process.argv.slice(2);
  const parsed = parseArguments(await commandsFor(argv), packageVersion(), argv, columns);
  if (parsed.kind === "text") {
    await writeText(terminal.stdout, parsed.text);
    return 0;
  }
  const interrupts = processInterrupts();
  watchLauncher(process.env, () => interrupts.raiseIfNone("SIGTERM"));
  return parsed.command.execute(parsed.positional, parsed.given, { terminal, interrupts });
}

function endWithError(thrown: unknown): never {
  const debug = (process.env["TURNWISE_DEBUG"] ?? "") !== "";
  process.stderr.write(`${errorLines(thrown, debug).join("\n")}\n`);
  process.exit(exitCodeOf(thrown));
}
