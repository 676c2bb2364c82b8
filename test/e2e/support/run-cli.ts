/** Runs the built program as a user's shell would. */

import { type ChildProcessByStdio, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { tmpdir } from "node:os";
import type { Readable, Writable } from "node:stream";

export const ROOT = resolve(import.meta.dirname, "../../..");
export const PROGRAM = join(ROOT, "dist", "program", "main.js");

/** Away from the user's own cache. */
const CACHE = join(tmpdir(), "turnwise-test-cache");

/** Turnwise's own variables are taken out: a developer's shell must not change a test. */
export function testEnvironment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("TURNWISE_"));
  const native =
    process.env["TURNWISE_NATIVE"] === undefined ? {} : { TURNWISE_NATIVE: process.env["TURNWISE_NATIVE"] };
  return { ...Object.fromEntries(kept), XDG_CACHE_HOME: CACHE, ...native, ...extra };
}

export function startCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [PROGRAM, ...args], { env: testEnvironment(env), cwd: tmpdir() });
}

export interface CliResult {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs to the end with `input` as standard input. */
export async function runCli(
  args: readonly string[],
  { input = "", env = {} }: { readonly input?: string | Uint8Array; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<CliResult> {
  const child = startCli(args, env);
  const result = cliResult(child);
  // A program that ends without reading its input closes the pipe.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return result;
}

/** Whatever its standard input is. */
type ReadableProcess = ChildProcessByStdio<Writable | null, Readable, Readable>;

/** What a started program printed, once it has ended. */
export function cliResult(child: ReadableProcess): Promise<CliResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  return new Promise((settle, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      settle({ code, stdout: Buffer.concat(stdout).toString("utf8"), stderr: Buffer.concat(stderr).toString("utf8") }),
    );
  });
}

/** Resolves with the first line on `stream` that matches. Rejects when the program ends before. */
export function waitForLine(child: ReadableProcess, stream: "stdout" | "stderr", pattern: RegExp): Promise<string> {
  return new Promise((settle, reject) => {
    let text = "";
    child[stream].on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      const line = text.split("\n").find((candidate) => pattern.test(candidate));
      if (line !== undefined) settle(line);
    });
    child.on("close", () => reject(new TypeError(`the program ended without a line like ${pattern}:\n${text}`)));
  });
}
