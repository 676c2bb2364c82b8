/**
 * The time from the start of a process to its first token: a program is run again and again, each time with
 * a prompt of a few tokens, and what it prints is timed from outside. A cold start finds none of the model's
 * files in memory, a warm one all of them.
 */

import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { fail } from "../../base/errors.ts";
import { type Spread, spreadOf } from "../spread.ts";

export interface StartOptions {
  /** The program and its arguments; prints `RunReport` as its one line of output. */
  readonly command: readonly [program: string, ...args: string[]];
  /** The packed weights, which a start reads whole. */
  readonly pack: string;
  /** The model's own files, of which it reads little. */
  readonly modelFiles: readonly string[];
  readonly rounds: number;
  readonly onProgress: (label: string, fraction: number) => void;
}

/** What a start says of itself, in milliseconds. */
interface RunReport {
  readonly promptTokens: number;
  readonly timings: { readonly loadMs: number; readonly prefillMs: number };
}

export interface StartTimes {
  readonly firstTokenMs: Spread;
  /** Of that: the model's files, from the header to the packed weights. */
  readonly loadMs: Spread;
  /** Of that: the step that computes the prompt. */
  readonly promptMs: Spread;
}

export interface StartReport {
  readonly promptTokens: number;
  /** Of the pack. */
  readonly fileBytes: number;
  readonly warm: StartTimes;
  /** Null where the system does not let go of a file's pages. */
  readonly cold: (StartTimes & { readonly diskBytesPerSecond: Spread }) | null;
}

/** Bytes that one read asks for. */
const READ_BYTES = 8 * 1024 * 1024;

export async function measureStarts(options: StartOptions): Promise<StartReport> {
  const { pack, modelFiles, rounds, onProgress } = options;
  const files = [pack, ...modelFiles];
  const fileBytes = statSync(pack).size;
  const warm: Start[] = [];
  const cold: Start[] = [];
  const rates: number[] = [];
  const isCold = files.every(dropPages);
  for (let round = 0; round < rounds; round += 1) {
    onProgress("measuring starts", round / rounds);
    if (isCold) {
      // The disk's own rate, by the same file, in the same minute.
      files.forEach(dropPages);
      const beginMs = performance.now();
      readWhole(pack);
      rates.push((fileBytes / (performance.now() - beginMs)) * 1000);
      files.forEach(dropPages);
      cold.push(await start(options.command));
    }
    files.forEach(readWhole);
    warm.push(await start(options.command));
  }
  return {
    promptTokens: warm[0]?.promptTokens ?? 0,
    fileBytes,
    warm: timesOf(warm),
    cold: isCold ? { ...timesOf(cold), diskBytesPerSecond: spreadOf(rates) } : null,
  };
}

interface Start {
  readonly firstTokenMs: number;
  readonly loadMs: number;
  readonly promptMs: number;
  readonly promptTokens: number;
}

function timesOf(starts: readonly Start[]): StartTimes {
  return {
    firstTokenMs: spreadOf(starts.map(({ firstTokenMs }) => firstTokenMs)),
    loadMs: spreadOf(starts.map(({ loadMs }) => loadMs)),
    promptMs: spreadOf(starts.map(({ promptMs }) => promptMs)),
  };
}

async function start([program, ...args]: StartOptions["command"]): Promise<Start> {
  const beginMs = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let firstTokenMs = 0;
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output === "") firstTokenMs = performance.now() - beginMs;
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const code = await new Promise<number | null>((resolve) => {
    child.on("close", resolve);
  });
  if (code !== 0) fail("start_failed", { reason: errors.trim() });
  const { promptTokens, timings } = JSON.parse(output) as RunReport;
  return { firstTokenMs, loadMs: timings.loadMs, promptMs: timings.prefillMs, promptTokens };
}

/** Asks the system to forget what it holds of a file, by GNU dd, since Node has no posix_fadvise; whether it was asked. */
function dropPages(path: string): boolean {
  const args = [`if=${path}`, "iflag=nocache", "count=0", "status=none"];
  return spawnSync("dd", args, { stdio: "ignore" }).status === 0;
}

function readWhole(path: string): void {
  const buffer = new Uint8Array(READ_BYTES);
  const file = openSync(path, "r");
  try {
    while (readSync(file, buffer) > 0);
  } finally {
    closeSync(file);
  }
}
