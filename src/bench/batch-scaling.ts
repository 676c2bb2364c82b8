/**
 * How much faster sequences decode together than one by one: the step loop alone, without threads or
 * HTTP, on a model of random weights in the true shape of Llama-3.2-1B, or on a file of yours.
 *
 *   node dist/bench/batch-scaling.js [MODEL] [--sequences 16] [--steps 32] [--prompt 32] [--threads N] [--json]
 *
 * Every step's time counts from the schedule to the sampled tokens; the result is the median of steps
 * in which all sequences decode.
 */

import { existsSync, mkdirSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fail } from "../base/errors.ts";
import { type GenerationOrder, GREEDY_ORDER } from "../engine/step/order.ts";
import { type LoadedModel, loadModel } from "../engine/load/load-model.ts";
import { StepLoop } from "../engine/step/step-loop.ts";
import { writeRandomModel } from "../models/random/random-model.ts";
import { readCpuInfo } from "../native/cpu-info.ts";

/** Steps whose times are thrown away: caches and clocks settle. */
const WARM_UP_STEPS = 4;
/** One and many are measured in turns, so that a machine that slows down slows both. */
const ROUNDS = 3;

interface BatchScaling {
  readonly model: string;
  readonly backend: string;
  readonly cpu: string;
  readonly threads: number;
  readonly kvType: string;
  readonly promptTokens: number;
  readonly steps: number;
  readonly one: DecodeSpeed;
  readonly many: DecodeSpeed;
  /** Tokens a second of many over those of one. */
  readonly ratio: number;
}

interface DecodeSpeed {
  readonly sequences: number;
  readonly medianStepMs: number;
  readonly tokensPerSecond: number;
}

/** Measures one sequence against `sequences`. */
function measureBatchScaling(
  model: LoadedModel,
  sequences: number,
  promptTokens: number,
  steps: number,
): Pick<BatchScaling, "one" | "many" | "ratio"> {
  const ones: number[] = [];
  const manys: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ones.push(...decodeStepTimes(model, 1, promptTokens, steps));
    manys.push(...decodeStepTimes(model, sequences, promptTokens, steps));
  }
  const one = speedOf(1, ones);
  const many = speedOf(sequences, manys);
  return { one, many, ratio: many.tokensPerSecond / one.tokensPerSecond };
}

/** Milliseconds of each step in which all sequences decode. */
function decodeStepTimes(model: LoadedModel, sequences: number, promptTokens: number, steps: number): number[] {
  const loop = new StepLoop({
    fingerprint: "bench",
    executor: model.executor,
    text: { endTokens: new Set(), decoder: () => SILENT, stopMatcher: () => NO_STOPS, constraint: () => UNBOUND },
    limits: { ...model.limits, maxSequences: sequences },
    costs: model.costs,
    poolBytes: model.capacity.kvBytes,
    clock: () => performance.now(),
  });
  for (let id = 0; id < sequences; id++) {
    loop.submit(decodeOrder(id, promptTokens, steps + WARM_UP_STEPS + promptTokens * sequences, model.info.vocabSize));
  }
  const times: number[] = [];
  // A sequence that waits for its prompt puts out nothing yet.
  for (let decoding = 0; times.length < steps + WARM_UP_STEPS;) {
    const startMs = performance.now();
    loop.step();
    const elapsedMs = performance.now() - startMs;
    if (decoding === sequences) times.push(elapsedMs);
    decoding = loop.takeEvents().filter((event) => event.kind === "part" && event.part.kind === "delta").length;
  }
  for (let id = 0; id < sequences; id++) loop.cancel(id);
  return times.slice(WARM_UP_STEPS);
}

const SILENT = { push: () => "", flush: () => "", hasPartial: false };
const UNBOUND = { fill: () => false, accept: () => {}, isFinished: false };
const NO_STOPS = { push: (text: string) => ({ emit: text, stopped: null }), flush: () => "" };

function decodeOrder(id: number, promptTokens: number, maxTokens: number, vocabSize: number): GenerationOrder {
  const prompt = Int32Array.from({ length: promptTokens }, (_, index) => (id * 977 + index * 31) % vocabSize);
  return { ...GREEDY_ORDER, id, prompt, maxTokens };
}

function speedOf(sequences: number, stepTimes: readonly number[]): DecodeSpeed {
  const sorted = stepTimes.toSorted((a, b) => a - b);
  const medianStepMs = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return { sequences, medianStepMs, tokensPerSecond: (sequences * 1000) / medianStepMs };
}

/** The random model's file, written once and kept for the next run. */
function randomModelPath(): string {
  const folder = join(tmpdir(), "turnwise-bench");
  const path = join(folder, "llama-3.2-1b-random-q4_0.gguf");
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  writeRandomModel(unfinished, "llama-3.2-1b", "q4_0", 1);
  renameSync(unfinished, path);
  return path;
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      sequences: { type: "string", default: "16" },
      steps: { type: "string", default: "32" },
      prompt: { type: "string", default: "32" },
      threads: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const sequences = positiveInteger("--sequences", values.sequences);
  const steps = positiveInteger("--steps", values.steps);
  const promptTokens = positiveInteger("--prompt", values.prompt);
  const path = positionals[0] ?? randomModelPath();
  log(`model ${path}`);
  const contextTokens = promptTokens + (sequences + 2) * promptTokens + steps + WARM_UP_STEPS;
  const threads = values.threads === undefined ? {} : { threads: positiveInteger("--threads", values.threads) };
  const model = loadModel(
    { model: path, contextTokens, maxSequences: sequences, ...threads },
    { onProgress: () => undefined, onWarning: log },
  );
  const { backend, kvType, threads: used } = model.capacity;
  const measured = measureBatchScaling(model, sequences, promptTokens, steps);
  const result: BatchScaling = {
    model: path,
    backend,
    cpu: readCpuInfo().model,
    threads: used,
    kvType,
    promptTokens,
    steps,
    ...measured,
  };
  model.dispose();
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : describe(result));
}

function positiveInteger(option: string, text: string): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0
    ? value
    : fail("invalid_option", { option, problem: "must be a positive integer" });
}

function describe({ backend, threads, kvType, one, many, ratio }: BatchScaling): string {
  const speeds = [one, many].map(describeSpeed).join("");
  return `${backend}, ${threads} threads, ${kvType} KV\n${speeds}ratio ${ratio.toFixed(2)}\n`;
}

function describeSpeed({ sequences, medianStepMs, tokensPerSecond }: DecodeSpeed): string {
  return `${String(sequences).padStart(4)} sequences: ${medianStepMs.toFixed(2)} ms a step, ${tokensPerSecond.toFixed(1)} tokens/s\n`;
}

main();
