/** Tokens a second of an engine with a grammar and without one, in turns, so that a slower machine slows both. */

import { Engine } from "../../engine/engine.ts";
import type { EngineOptions, GenerateRequest } from "../../engine/types.ts";
import type { GrammarSource } from "../../text/grammar/compile-grammar.ts";
import { spreadOf } from "../spread.ts";
import { builtInTools } from "./built-in-cases.ts";
import type { GrammarCost } from "./grammar-report.ts";

export interface CostMeasurement {
  readonly engine: EngineOptions;
  /** Numbers of sequences at once. */
  readonly sequences: readonly number[];
  readonly rounds: number;
  readonly onProgress: (label: string, fraction: number) => void;
}

/** Of each text. */
const TEXT_TOKENS = 64;

/** Throws what loading a model throws. */
export async function measureCost({
  engine: options,
  sequences,
  rounds,
  onProgress,
}: CostMeasurement): Promise<readonly GrammarCost[]> {
  const most = Math.max(...sequences);
  const engine = await Engine.load({
    ...options,
    maxSequences: most,
    onProgress: ({ fraction }) => onProgress("loading the model", fraction),
  });
  try {
    await Promise.all([run(engine, 1, null), ...BOUND.map(({ grammar }) => run(engine, 1, grammar))]);
    const cases = sequences.flatMap((count) => BOUND.map((bound) => ({ count, ...bound })));
    const costs: GrammarCost[] = [];
    for (const [index, { count, name, grammar }] of cases.entries()) {
      const free: number[] = [];
      const bound: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        onProgress(`decoding, ${count} at once`, (index + round / rounds) / cases.length);
        // Whichever is second finds the machine warmer.
        const isFreeFirst = round % 2 === 0;
        if (isFreeFirst) free.push(await run(engine, count, null));
        bound.push(await run(engine, count, grammar));
        if (!isFreeFirst) free.push(await run(engine, count, null));
      }
      costs.push({
        grammar: name,
        sequences: count,
        freeTokensPerSecond: spreadOf(free),
        boundTokensPerSecond: spreadOf(bound),
        lostShare: spreadOf(bound.map((speed, round) => 1 - speed / (free[round] ?? speed))).median,
      });
    }
    return costs;
  } finally {
    await engine.dispose();
  }
}

/** Too long to end. In calls much is forced, so that drafts make up for masks; in a string nothing is. */
const BOUND: readonly { readonly name: GrammarCost["grammar"]; readonly grammar: GrammarSource }[] = [
  { name: "calls", grammar: endlessCalls() },
  { name: "string", grammar: { kind: "json_schema", schema: { type: "string", minLength: 100_000 } } },
];

function endlessCalls(): GrammarSource {
  const calls = builtInTools().map(({ name, parameters }) => ({
    type: "object",
    properties: { name: { const: name }, arguments: parameters },
    required: ["name", "arguments"],
    additionalProperties: false,
  }));
  return { kind: "json_schema", schema: { type: "array", items: { anyOf: calls }, minItems: 10_000 } };
}

/** Tokens a second of `count` texts at once, from the first token of the last to begin until all have ended. */
async function run(engine: Engine, count: number, grammar: GrammarSource | null): Promise<number> {
  const texts = Array.from({ length: count }, (_, index) => generate(engine, index, grammar));
  const spans = await Promise.all(texts);
  const beginMs = Math.max(...spans.map(({ firstMs }) => firstMs));
  const endMs = Math.max(...spans.map(({ lastMs }) => lastMs));
  const tokens = spans.reduce((sum, { timesMs }) => sum + timesMs.filter((at) => at > beginMs).length, 0);
  return (tokens * 1000) / (endMs - beginMs);
}

interface TokenTimes {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly timesMs: readonly number[];
}

async function generate(engine: Engine, index: number, grammar: GrammarSource | null): Promise<TokenTimes> {
  const request: GenerateRequest = {
    prompt: `Call ${index}:`,
    maxTokens: TEXT_TOKENS,
    ignoreEos: true,
    sampling: { temperature: 1, seed: BigInt(index + 1) },
    ...(grammar === null ? {} : { responseFormat: grammar }),
  };
  const timesMs: number[] = [];
  for await (const part of engine.generate(request)) {
    if (part.kind === "delta") for (const _ of part.tokens) timesMs.push(performance.now());
  }
  return { firstMs: timesMs[0] ?? 0, lastMs: timesMs.at(-1) ?? 0, timesMs };
}
