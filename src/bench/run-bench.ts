/**
 * Measures models: every case once to warm up, then in rounds, each of which runs the probes of the
 * machine and all cases once, the models one after the other, so that a machine that slows down slows everything.
 */

import { arch, totalmem } from "node:os";
import { fail } from "../base/errors.ts";
import { availableMemoryBytes } from "../engine/load/available-memory.ts";
import { type LoadedModel, PAGE_TOKENS, loadModel } from "../engine/load/load-model.ts";
import type { EngineOptions } from "../engine/types.ts";
import { readCpuInfo } from "../native/cpu-info.ts";
import { lastLevelCacheBytes } from "../native/last-level-cache.ts";
import { type MachineProbe, createMachineProbe } from "../native/machine-probe.ts";
import { packageVersion } from "../native/native-paths.ts";
import { type BenchCase, contextOf } from "./bench-case.ts";
import type { BenchMachine, BenchReport, BesideCaseReport, CaseReport, ModelReport } from "./bench-report.ts";
import { CaseRunner } from "./case-runner.ts";
import { casePageCount } from "./case-pages.ts";
import { type MachineLimits, costPerToken, limitShares } from "./limits.ts";
import { passSizes } from "./pass-sizes.ts";
import { type Spread, spreadOf } from "./spread.ts";

export interface BenchModelOptions {
  readonly model: string;
  readonly quant?: NonNullable<EngineOptions["quant"]>;
}

export interface BenchOptions extends BenchModelOptions {
  /** Others to measure in the same rounds; all are in memory at once. */
  readonly beside?: readonly BenchModelOptions[];
  readonly cases: readonly BenchCase[];
  readonly rounds: number;
  readonly threads?: NonNullable<EngineOptions["threads"]>;
  readonly kvType?: NonNullable<EngineOptions["kvType"]>;
  readonly backend?: NonNullable<EngineOptions["backend"]>;
  /** Before each measurement; `fraction` is 0..1. */
  readonly onProgress?: (label: string, fraction: number) => void;
  readonly onWarning?: (message: string) => void;
}

/** Rows of a step, as the engine has them by default. */
const STEP_TOKENS = 512;

/** The bandwidth is read over so many times the caches, but not over more than this share of what is free. */
const PROBE_CACHES = 4;
const LEAST_PROBE_BYTES = 2 ** 28;
const PROBE_MEMORY_SHARE = 0.25;

/** Throws what loading a model throws, and `memory_insufficient` where the cases' pages do not fit. */
export function runBench(options: BenchOptions): BenchReport {
  const startedAt = new Date();
  const beginMs = performance.now();
  const models: BenchedModel[] = [];
  let probe: MachineProbe | null = null;
  try {
    const first = loadForBench(options, options);
    models.push(first);
    for (const each of options.beside ?? []) models.push(loadForBench(each, options));
    probe = createProbe(first.loaded);
    const limits = measure(options, models, probe);
    return {
      turnwise: packageVersion(),
      node: process.version,
      startedAt: startedAt.toISOString(),
      seconds: (performance.now() - beginMs) / 1000,
      machine: machineOf(first.loaded, probe, limits),
      rounds: options.rounds,
      ...modelReport(first, options.cases, limits),
      beside: models.slice(1).map((model) => besideReport(model, first, options.cases, limits)),
    };
  } finally {
    probe?.dispose();
    for (const { loaded } of models) loaded.dispose();
  }
}

interface BenchedModel {
  readonly loaded: LoadedModel;
  readonly quant: string;
  readonly runner: CaseRunner;
  /** Tokens a second of each round, by case. */
  readonly rates: readonly number[][];
}

function loadForBench({ model, quant }: BenchModelOptions, options: BenchOptions): BenchedModel {
  const { cases, threads, kvType, backend, onProgress, onWarning } = options;
  const sequences = Math.max(...cases.map((benchCase) => benchCase.sequences));
  const loaded = loadModel(
    {
      model,
      contextTokens: Math.max(...cases.map(contextOf)),
      maxSequences: sequences,
      maxStepTokens: Math.max(STEP_TOKENS, sequences),
      // Every run measures the same memory, whether or not an earlier one left a pack.
      weightCache: false,
      ...(threads === undefined ? {} : { threads }),
      ...(kvType === undefined ? {} : { kvType }),
      ...(backend === undefined ? {} : { backend }),
      ...(quant === undefined ? {} : { quant }),
    },
    {
      onProgress: ({ fraction }) => onProgress?.("loading the model", fraction),
      onWarning: (message) => onWarning?.(message),
    },
    { poolPages: Math.max(...cases.map((benchCase) => casePageCount(benchCase, PAGE_TOKENS))) },
  );
  return { loaded, quant: quant ?? "none", runner: new CaseRunner(loaded.executor), rates: cases.map(() => []) };
}

function createProbe({ executor, capacity }: LoadedModel): MachineProbe | null {
  if (!executor.description.startsWith("native")) return null;
  const wantedBytes = Math.max(LEAST_PROBE_BYTES, lastLevelCacheBytes() * PROBE_CACHES);
  const bytes = Math.floor(Math.min(wantedBytes, availableMemoryBytes() * PROBE_MEMORY_SHARE));
  return createMachineProbe({ threads: capacity.threads, bytes });
}

/** Of each round. */
interface MeasuredLimits {
  readonly bytesPerSecond: readonly number[];
  readonly operationsPerSecond: readonly number[];
}

/** Adds to the rates of `models`. */
function measure(options: BenchOptions, models: readonly BenchedModel[], probe: MachineProbe | null): MeasuredLimits {
  const { cases, rounds, onProgress } = options;
  const total = models.length * cases.length * (rounds + 1);
  let done = 0;
  const runCase = (runner: CaseRunner, benchCase: BenchCase): number => {
    onProgress?.(benchCase.name, done / total);
    done += 1;
    const { tokens, ms } = runner.run(benchCase);
    return (tokens * 1000) / ms;
  };
  for (const { loaded, runner } of models) {
    runner.fillPages(Math.max(...cases.map((benchCase) => requirePages(benchCase, loaded.executor))));
    for (const benchCase of cases) runCase(runner, benchCase);
  }
  probe?.readBandwidth();
  const bytesPerSecond: number[] = [];
  const operationsPerSecond: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    if (probe !== null) {
      bytesPerSecond.push(probe.readBandwidth());
      operationsPerSecond.push(probe.int8Rate());
    }
    for (const [index, benchCase] of cases.entries()) {
      for (const { runner, rates } of models) rates[index]?.push(runCase(runner, benchCase));
    }
  }
  return { bytesPerSecond, operationsPerSecond };
}

/** The pages of a case. Throws `memory_insufficient` where the pool has fewer. */
function requirePages(benchCase: BenchCase, { limits, memory }: LoadedModel["executor"]): number {
  const { pages, pageTokens } = limits;
  const needed = casePageCount(benchCase, pageTokens);
  if (needed <= pages) return needed;
  return fail("memory_insufficient", {
    what: `Case ${benchCase.name}`,
    neededBytes: Math.ceil((memory.kvBytes / pages) * needed),
    availableBytes: memory.kvBytes,
    hint: "Leave it out, or measure fewer sequences or a shorter context.",
  });
}

/** Products of float weights have no int8 rate to be compared with. */
function limitsOf({ compiled }: LoadedModel, measured: MeasuredLimits): MachineLimits | null {
  if (measured.bytesPerSecond.length === 0) return null;
  const floats: readonly string[] = ["f32", "f16", "bf16"];
  const isInt8 = compiled.program.weights.some((weight) => weight.kind === "matrix" && !floats.includes(weight.format));
  return {
    bytesPerSecond: spreadOf(measured.bytesPerSecond).median,
    operationsPerSecond: isInt8 ? spreadOf(measured.operationsPerSecond).median : null,
  };
}

function modelReport(
  { loaded, quant, rates }: BenchedModel,
  cases: readonly BenchCase[],
  measured: MeasuredLimits,
): ModelReport {
  const { info, capacity } = loaded;
  const { path, name, parameters, fileBytes } = info;
  const limits = limitsOf(loaded, measured);
  return {
    model: { path, name, parameters, fileBytes, packedWeightBytes: capacity.weightBytes },
    backend: capacity.backend,
    kvType: capacity.kvType,
    quant,
    cases: cases.map((benchCase, index) => caseReport(benchCase, spreadOf(rates[index] ?? []), loaded, limits)),
  };
}

function besideReport(
  model: BenchedModel,
  first: BenchedModel,
  cases: readonly BenchCase[],
  measured: MeasuredLimits,
): ModelReport<BesideCaseReport> {
  const report = modelReport(model, cases, measured);
  const timesFirst = (index: number): Spread =>
    spreadOf((model.rates[index] ?? []).map((rate, round) => rate / (first.rates[index]?.[round] ?? Number.NaN)));
  return { ...report, cases: report.cases.map((each, index) => ({ ...each, timesFirst: timesFirst(index) })) };
}

function caseReport(
  benchCase: BenchCase,
  tokensPerSecond: Spread,
  { costs, executor }: LoadedModel,
  limits: MachineLimits | null,
): CaseReport {
  const { maxTokens, pageTokens } = executor.limits;
  const perToken = costPerToken(passSizes(benchCase, maxTokens, pageTokens), costs);
  const shares = limits === null ? null : limitShares(tokensPerSecond.median, perToken, limits);
  return {
    name: benchCase.name,
    tokensPerSecond,
    limitShare: shares?.limitShare ?? null,
    limit: shares?.limit ?? null,
    bandwidthShare: shares?.bandwidthShare ?? null,
    int8Share: shares?.int8Share ?? null,
    bytesPerToken: perToken.bytes,
    operationsPerToken: perToken.flops,
  };
}

function machineOf({ capacity }: LoadedModel, probe: MachineProbe | null, measured: MeasuredLimits): BenchMachine {
  const { model } = readCpuInfo();
  return {
    cpu: model,
    architecture: arch(),
    isa: probe?.isa ?? null,
    threads: capacity.threads,
    memoryBytes: totalmem(),
    readBytesPerSecond: probe === null ? null : spreadOf(measured.bytesPerSecond),
    int8OperationsPerSecond: probe === null ? null : spreadOf(measured.operationsPerSecond),
  };
}
