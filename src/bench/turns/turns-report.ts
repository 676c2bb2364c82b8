/** What a replay says of a server, as data; `turnwise bench turns --json` prints it. */

import type { Quantiles } from "./statistics.ts";
import { quantilesOf } from "./statistics.ts";
import type { TurnRecord } from "./turn-record.ts";

/** A turn meets the objective when both bounds hold. */
export interface TurnObjective {
  readonly turnMs: number;
  readonly firstTokenMs: number;
}

export interface TurnsReport {
  /** Turns of the sessions that were to be played. */
  readonly planned: number;
  /** Those that the figures are of: all planned ones, unless the replay was interrupted. */
  readonly turns: number;
  readonly interrupted: boolean;
  readonly sessions: number;
  readonly failures: number;
  /** Of the failures, those that were not sent because a turn before them had failed. */
  readonly unplayed: number;
  /** The most frequent reasons of turns that were sent. */
  readonly failureReasons: Readonly<Record<string, number>>;
  /** From the intended start to the last token; failures are infinite. */
  readonly turnMs: Quantiles | null;
  /** The same, of turns whose recorded answer called a tool. */
  readonly actionMs: Quantiles | null;
  /** To the first piece of output: text, thoughts or a call; failures are infinite. */
  readonly firstTokenMs: Quantiles | null;
  /** Between two pieces of output of one answer; infinite after the last one of an answer that failed. */
  readonly gapMs: Quantiles | null;
  readonly objective: TurnObjective;
  /** Turns that met the objective, a minute. */
  readonly goodTurnsPerMinute: number;
  readonly goodShare: number;
  /** Of prompt tokens, those that the server says it did not compute again. */
  readonly cachedShare: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly wallMs: number;
}

const SHOWN_REASONS = 5;
const MS_PER_MINUTE = 60_000;

/** `records` of a replay that was to play `planned` turns. */
export function turnsReport(records: readonly TurnRecord[], planned: number, objective: TurnObjective): TurnsReport {
  const failed = records.filter(({ failure }) => failure !== null);
  const good = records.filter((record) => meets(record, objective));
  const promptTokens = sumOf(records, (record) => record.promptTokens);
  const wallMs = wallOf(records);
  return {
    planned,
    turns: records.length,
    interrupted: records.length < planned,
    sessions: new Set(records.map(({ session }) => session)).size,
    failures: failed.length,
    unplayed: failed.filter(({ isPlayed }) => !isPlayed).length,
    failureReasons: reasonsOf(failed.filter(({ isPlayed }) => isPlayed)),
    turnMs: quantilesOf(records.map(turnLatencyMs)),
    actionMs: quantilesOf(records.filter(({ acts }) => acts).map(turnLatencyMs)),
    firstTokenMs: quantilesOf(records.map(firstTokenMs)),
    gapMs: quantilesOf(records.flatMap(gapsOf)),
    objective,
    goodTurnsPerMinute: wallMs === 0 ? 0 : (good.length * MS_PER_MINUTE) / wallMs,
    goodShare: records.length === 0 ? 0 : good.length / records.length,
    cachedShare: promptTokens === 0 ? 0 : sumOf(records, (record) => record.cachedTokens) / promptTokens,
    promptTokens,
    outputTokens: sumOf(records, (record) => record.outputTokens),
    wallMs,
  };
}

/** Infinite where the turn failed. */
export function turnLatencyMs({ failure, intendedMs, endMs }: TurnRecord): number {
  return failure === null ? endMs - intendedMs : Infinity;
}

export function firstTokenMs({ failure, intendedMs, endMs, deltaMs }: TurnRecord): number {
  // An answer whose tokens never became text is first seen at its end.
  return failure === null ? (deltaMs[0] ?? endMs) - intendedMs : Infinity;
}

/** Whoever read an answer that began and failed waits for the next piece for ever. */
export function gapsOf({ deltaMs, failure }: TurnRecord): number[] {
  const gaps = deltaMs.slice(1).map((ms, index) => ms - (deltaMs[index] ?? ms));
  return failure !== null && deltaMs.length > 0 ? [...gaps, Infinity] : gaps;
}

function meets(record: TurnRecord, { turnMs, firstTokenMs: limitMs }: TurnObjective): boolean {
  return turnLatencyMs(record) <= turnMs && firstTokenMs(record) <= limitMs;
}

/** From the first turn's intended start to the last one's end. */
function wallOf(records: readonly TurnRecord[]): number {
  let beginMs = Infinity;
  let endMs = -Infinity;
  for (const record of records) {
    beginMs = Math.min(beginMs, record.intendedMs);
    endMs = Math.max(endMs, record.endMs);
  }
  return records.length === 0 ? 0 : endMs - beginMs;
}

function sumOf(records: readonly TurnRecord[], value: (record: TurnRecord) => number): number {
  return records.reduce((sum, record) => sum + value(record), 0);
}

function reasonsOf(failed: readonly TurnRecord[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { failure } of failed) counts.set(failure ?? "", (counts.get(failure ?? "") ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a).slice(0, SHOWN_REASONS));
}
