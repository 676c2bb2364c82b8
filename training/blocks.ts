/**
 * Work on a long row of conversations, done by child processes in blocks of `BLOCK` conversations and given back
 * in the order of the row, so that the outcome is the same for any number of processes.
 */

import { type ChildProcess, fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { extname, join } from "node:path";

/** Conversations in a block: some tenths of a second of work. */
export const BLOCK = 256;

/** The conversations of a block, by their index in the row. */
export function* indicesOf(block: number): Generator<number> {
  for (let index = block * BLOCK; index < (block + 1) * BLOCK; index += 1) yield index;
}

/** In a child process: answers the number of each block with what `make` gives. */
export function serveBlocks(make: (block: number) => unknown): void {
  process.on("message", (block: number) => process.send?.({ block, made: make(block) }));
}

interface Answer<T> {
  readonly block: number;
  readonly made: T;
}

/** Blocks that may wait for an earlier one, for each process: bounds what is held. */
const AHEAD = 4;

/** What the script `name` beside this file makes of blocks 0, 1, 2, ... with `args`: endless, to be left by `break`. */
export async function* madeInBlocks<T>(name: string, args: readonly string[], processes: number): AsyncGenerator<T> {
  const script = join(import.meta.dirname, `${name}${extname(import.meta.filename)}`);
  const execArgv = script.endsWith(".ts") ? ["--import", "tsx"] : [];
  const made = new Map<number, T>();
  let asked = 0;
  let taken = 0;
  const answers = new EventEmitter();
  let failure: Error | undefined;
  const idle: ChildProcess[] = [];
  const ask = (): void => {
    while (idle.length > 0 && asked < taken + AHEAD * processes) {
      idle.pop()?.send(asked);
      asked += 1;
    }
  };
  const children = Array.from({ length: processes }, () => fork(script, args, { serialization: "advanced", execArgv }));
  for (const child of children) {
    idle.push(child);
    child.on("message", (answer) => {
      const { block, made: result } = answer as Answer<T>;
      made.set(block, result);
      idle.push(child);
      ask();
      answers.emit("more");
    });
    child.on("exit", (code, signal) => {
      failure ??= new Error(`${name} ended with ${signal ?? code}`);
      answers.emit("more");
    });
  }
  try {
    ask();
    for (;;) {
      const next = made.get(taken);
      if (next !== undefined) {
        made.delete(taken);
        taken += 1;
        ask();
        yield next;
      } else if (failure === undefined) {
        await once(answers, "more");
      } else throw failure;
    }
  } finally {
    for (const child of children) child.kill();
  }
}
