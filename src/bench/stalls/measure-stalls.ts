/**
 * What a long prompt costs the answers that run beside it: some streams decode, a prompt comes, and until its
 * first token the gaps between the streams' tokens are measured, and how much was computed in all. In each round once
 * without a bound and once for each budget, on an engine of its own, which has to learn the machine's speed anew; every
 * other round in the reverse order, so that a machine that slows down does not always slow the same.
 */

import { invariant } from "../../base/invariant.ts";
import { Engine } from "../../engine/engine.ts";
import type { EngineApi, EngineOptions, GenerateRequest } from "../../engine/types.ts";
import { packageVersion } from "../../native/native-paths.ts";
import { readCpuInfo } from "../../native/cpu-info.ts";
import { StreamReader } from "./stream-reader.ts";
import { type BudgetFigure, budgetFigure, type Gap, type StallSample, type StallsReport } from "./stalls-report.ts";

export interface StallsBench {
  /** Without a context and a `maxStallMs`. */
  readonly engine: EngineOptions;
  /** Values of `maxStallMs`. */
  readonly budgets: readonly number[];
  readonly streams: number;
  readonly promptTokens: number;
  readonly rounds: number;
  /** A prompt that takes longer is given up. */
  readonly timeLimitMs: number;
  readonly onProgress: (label: string, fraction: number) => void;
}

/** Beyond this a bound is none: `maxStallMs` at most. */
export const NO_BOUND_MS = 1e9;
/** A prompt before all, from which the scheduler learns what a row takes; as after a server's first turn. */
const WARM_UP_TOKENS = 192;
const STREAM_PROMPT_TOKENS = 16;
/** Tokens of a stream before the prompt comes: for the decode step's time, and so that the scheduler knows it. */
const LEAD_TOKENS = 64;
/** How many of a run's gaps are told one by one. */
const LONGEST_GAPS = 20;
/** For the step in which the prompt ends, and one more. */
const SPARE_TOKENS = 8;

/** Tokens that the model's context needs: a step has a row of the prompt at least, and a token of each stream. */
export function stallContextTokens(promptTokens: number): number {
  return STREAM_PROMPT_TOKENS + streamTokens(promptTokens);
}

const streamTokens = (promptTokens: number): number =>
  Math.max(LEAD_TOKENS + promptTokens, WARM_UP_TOKENS) + SPARE_TOKENS;

/** Throws what loading a model throws. */
export async function measureStalls(bench: StallsBench): Promise<StallsReport> {
  const { budgets, streams, promptTokens, rounds } = bench;
  const startedAt = new Date().toISOString();
  const settings = [null, ...budgets];
  const samples = settings.map((): StallSample[] => []);
  let facts: Pick<StallsReport, "model" | "backend" | "threads" | "kvType"> | null = null;
  for (let round = 0; round < rounds; round += 1) {
    const order = [...settings.entries()];
    if (round % 2 === 1) order.reverse();
    for (const [done, [index, budgetMs]] of order.entries()) {
      const label = budgetMs === null ? "without a bound" : `a budget of ${budgetMs} ms`;
      bench.onProgress(label, (round * settings.length + done) / (rounds * settings.length));
      const engine = await Engine.load({
        ...bench.engine,
        contextTokens: stallContextTokens(promptTokens),
        maxStallMs: budgetMs ?? NO_BOUND_MS,
        // The first run would be measured while a pack is written, and all others run from it.
        weightCache: false,
      });
      try {
        const { backend, threads, kvType } = engine.capacity;
        facts ??= { model: engine.model.name, backend, threads, kvType };
        samples[index]?.push(await sampleStalls(engine, bench));
      } finally {
        await engine.dispose();
      }
    }
  }
  invariant(facts !== null, "there is one round at least");
  const [free = []] = samples;
  const figures = settings.map((budgetMs, index): BudgetFigure =>
    budgetFigure(budgetMs, samples[index] ?? [], free, streams),
  );
  return {
    turnwise: packageVersion(),
    node: process.version,
    startedAt,
    cpu: readCpuInfo().model,
    ...facts,
    streams,
    promptTokens,
    rounds,
    budgets: figures,
  };
}

async function sampleStalls(
  engine: EngineApi,
  { streams, promptTokens, timeLimitMs }: StallsBench,
): Promise<StallSample> {
  await promptRun(engine, { prompt: tokensOf(WARM_UP_TOKENS, 0), maxTokens: 1 });
  const readers: StreamReader[] = [];
  for (let index = 1; index <= streams; index += 1) {
    readers.push(
      new StreamReader(
        await engine.submit({
          prompt: tokensOf(STREAM_PROMPT_TOKENS, index),
          maxTokens: streamTokens(promptTokens),
          ignoreEos: true,
          sampling: { temperature: 0 },
        }),
      ),
    );
  }
  try {
    await Promise.all(readers.map((reader) => reader.have(LEAD_TOKENS)));
    const startMs = performance.now();
    const signal = AbortSignal.timeout(timeLimitMs);
    const doneTokens = await promptRun(engine, { prompt: tokensOf(promptTokens, streams + 1), maxTokens: 1, signal });
    const endMs = performance.now();
    // The gap that the end falls into counts too.
    await Promise.all(readers.map((reader) => reader.have(reader.timesMs.length + 1)));
    return sampleOf(
      readers.map(({ timesMs }) => timesMs),
      { startMs, endMs, doneTokens, promptTokens },
    );
  } finally {
    await Promise.all(readers.map((reader) => reader.stop()));
  }
}

interface PromptTimes {
  readonly startMs: number;
  /** Of its first token, or when it was given up. */
  readonly endMs: number;
  readonly doneTokens: number;
  readonly promptTokens: number;
}

/** `streams` are the times of the tokens of each. */
export function sampleOf(
  streams: readonly (readonly number[])[],
  { startMs, endMs, doneTokens, promptTokens }: PromptTimes,
): StallSample {
  const leadGapsMs: number[] = [];
  const gaps: Gap[] = [];
  // Before, prompts of other streams were computed.
  const leadMs = Math.max(...streams.map(([first = Infinity]) => first));
  let generatedTokens = 0;
  for (const times of streams) {
    generatedTokens += times.filter((time) => time > startMs && time <= endMs).length;
    for (const [index, time] of times.entries()) {
      const previous = times[index - 1];
      if (previous === undefined) continue;
      const ms = time - previous;
      if (time > startMs && previous <= endMs) gaps.push({ atMs: time - startMs, ms });
      else if (time <= startMs && previous >= leadMs) leadGapsMs.push(ms);
    }
  }
  const promptMs = endMs - startMs;
  const tokensPerSecond = ((doneTokens + generatedTokens) * 1000) / promptMs;
  return {
    leadGapsMs,
    gapsMs: gaps.map(({ ms }) => ms),
    longestGaps: gaps.toSorted((left, right) => right.ms - left.ms).slice(0, LONGEST_GAPS),
    promptMs,
    generatedTokens,
    tokensPerSecond,
    completed: doneTokens === promptTokens,
  };
}

/** Tokens of the prompt that were computed, all of them where its first token came before the request's signal. */
async function promptRun(
  engine: EngineApi,
  request: GenerateRequest & { readonly prompt: Int32Array },
): Promise<number> {
  let doneTokens = 0;
  try {
    for await (const part of engine.generate({ ...request, ignoreEos: true })) {
      if (part.kind === "delta") return request.prompt.length;
      if (part.kind === "prefill") doneTokens = Math.min(part.doneTokens, request.prompt.length - 1);
    }
  } catch (error) {
    if (request.signal?.aborted !== true) throw error;
  }
  return doneTokens;
}

/** Ids of text in any vocabulary; those of different seeds have no beginning in common. */
function tokensOf(length: number, seed: number): Int32Array {
  return Int32Array.from({ length }, (_, index) => 100 + ((index * index + index + seed * 17) % 200));
}
