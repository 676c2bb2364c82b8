/**
 * Recorded sessions of a coding agent, scaled to what small models hold: blocks of 64 tokens stand for a few, so
 * that all token counts are divided by the same. Equal blocks have equal tokens.
 */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { sharedPath } from "./shared-folder.ts";

const RECORDED_BLOCK_TOKENS = 64;

export interface RecordedCall {
  readonly out: number;
  readonly think_time: number;
  /** [first id, count]: equal ids stand for equal blocks. */
  readonly hash_runs: readonly (readonly [first: number, count: number])[];
}

/** The first `agents` sessions of at least `calls` calls, cut to so many. */
export function recordedSessions(agents: number, calls: number): (readonly RecordedCall[])[] {
  const text = gunzipSync(readFileSync(sharedPath("agentic/claude-code/traces-first-300-rle.jsonl.gz"))).toString();
  return (
    text
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { requests: Partial<RecordedCall>[] }).requests)
      // Groups of subagents are entries without blocks of their own.
      .map((requests) => requests.filter((request): request is RecordedCall => request.hash_runs !== undefined))
      .filter((each) => each.length >= calls)
      .slice(0, agents)
      .map((each) => each.slice(0, calls))
  );
}

/** Each block as `blockTokens` tokens of its own; agents share none. */
export function promptOf({ hash_runs: runs }: RecordedCall, agent: number, blockTokens: number): Int32Array {
  const tokens: number[] = [];
  for (const [first, count] of runs) {
    for (let block = first; block < first + count; block++) {
      for (let place = 0; place < blockTokens; place++)
        tokens.push(((block * 31 + agent * 7 + place * 3) ^ (block >> 3)) % 26);
    }
  }
  return Int32Array.from(tokens);
}

export function outputTokensOf({ out }: RecordedCall, blockTokens: number): number {
  return Math.max(1, Math.round((out * blockTokens) / RECORDED_BLOCK_TOKENS));
}
