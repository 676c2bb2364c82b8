/**
 * What two servers on the same cores bring together, against one alone: each is a process that decodes one
 * sequence after the other on all threads it takes by default. Threads that spin while the other process
 * has the core show here.
 *
 *   node dist/bench/shared-cores.js MODEL [--seconds 5] [--threads N] [--rounds 3] [--json]
 *
 * One and two are measured in turns; the result is the median of the rounds.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fail } from "../base/errors.ts";
import { Engine } from "../engine/engine.ts";

/** Tokens of one sequence; short, so that every sequence's attention costs about the same. */
const SEQUENCE_TOKENS = 64;
const CONTEXT_TOKENS = 256;

interface SharedCores {
  readonly model: string;
  readonly one: number;
  /** The sum of both. */
  readonly two: number;
  /** two / one. */
  readonly share: number;
}

/** What the parent asks of a worker: to decode until `endMs` on the machine's clock. */
interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

async function runWorker(model: string, threads: number | null): Promise<void> {
  const engine = await Engine.load({
    model,
    contextTokens: CONTEXT_TOKENS,
    ...(threads === null ? {} : { threads }),
  });
  await decodeWithin(engine, { startMs: 0, endMs: Date.now() + 200 });
  process.on("message", (window: Window) => {
    void decodeWithin(engine, window).then((tokensPerSecond) => process.send?.(tokensPerSecond));
  });
  process.send?.("ready");
  await once(process, "disconnect");
  await engine.dispose();
}

/** Tokens a second that were delivered within the window. */
async function decodeWithin(engine: Engine, { startMs, endMs }: Window): Promise<number> {
  let tokens = 0;
  const counts = (): boolean => Date.now() >= startMs && Date.now() < endMs;
  while (Date.now() < endMs) {
    const request = { prompt: Int32Array.of(1), maxTokens: SEQUENCE_TOKENS, ignoreEos: true };
    for await (const part of engine.generate({ ...request, sampling: { temperature: 0 } })) {
      if (part.kind === "delta" && counts()) tokens += part.tokens.length;
    }
  }
  return (tokens * 1000) / (endMs - startMs);
}

async function startWorkers(count: number, args: readonly string[]): Promise<readonly ChildProcess[]> {
  const path = fileURLToPath(import.meta.url);
  const workers = Array.from({ length: count }, () => fork(path, ["--worker", ...args]));
  await Promise.all(workers.map(messageOf));
  return workers;
}

/** Its next message; rejects where it ends without one. */
function messageOf(worker: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new TypeError(`a worker ended with code ${code}`));
    worker.once("exit", ended);
    worker.once("message", (message) => {
      worker.off("exit", ended);
      resolve(message);
    });
  });
}

/** Tokens a second of all workers together, over one window. */
async function measure(workers: readonly ChildProcess[], windowMs: number): Promise<number> {
  // Half a second for all of them to be at work when the count begins.
  const startMs = Date.now() + 500;
  const results = workers.map(messageOf);
  for (const worker of workers) worker.send({ startMs, endMs: startMs + windowMs } satisfies Window);
  return (await Promise.all(results)).reduce<number>((sum, result) => sum + Number(result), 0);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function compare(model: string, args: readonly string[], windowMs: number, rounds: number): Promise<SharedCores> {
  const workers = await startWorkers(2, args);
  const ones: number[] = [];
  const twos: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ones.push(await measure(workers.slice(0, 1), windowMs));
    twos.push(await measure(workers, windowMs));
  }
  for (const worker of workers) worker.disconnect();
  const [one, two] = [median(ones), median(twos)];
  return { model, one, two, share: two / one };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: "string", default: "5" },
      threads: { type: "string" },
      rounds: { type: "string", default: "3" },
      json: { type: "boolean", default: false },
      worker: { type: "boolean", default: false },
    },
  });
  const [model] = positionals;
  if (model === undefined) return fail("missing_argument", { command: "shared-cores", what: "MODEL" });
  const threads = values.threads === undefined ? null : positive("--threads", values.threads);
  if (values.worker) return runWorker(model, threads);
  const args = threads === null ? [model] : [model, "--threads", String(threads)];
  const windowMs = positive("--seconds", values.seconds) * 1000;
  const result = await compare(model, args, windowMs, positive("--rounds", values.rounds));
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : describe(result));
}

function positive(option: string, text: string): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0
    ? value
    : fail("invalid_option", { option, problem: "must be a positive integer." });
}

const describe = ({ one, two, share }: SharedCores): string =>
  `one alone: ${one.toFixed(1)} tokens/s; two together: ${two.toFixed(1)}; share ${share.toFixed(2)}\n`;

await main();
