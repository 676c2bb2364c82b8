/** The sessions of a trace file, whose format its name tells. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { fail } from "../../base/errors.ts";
import type { SessionSource } from "./agent-session.ts";
import { readTauBench } from "./tau-bench.ts";
import { readTokenTraces } from "./token-trace.ts";
import type { TokenTraceOptions } from "./token-trace.ts";

/** Unpacked; larger than any published trace of sessions that is read whole. */
const MAX_TRACE_BYTES = 512 * 1024 * 1024;

export interface TraceOptions extends TokenTraceOptions {
  /** Gap between turns for traces that have no times. */
  readonly thinkMs: number;
}

/** `.json` holds tau-bench trajectories, `.jsonl` and `.jsonl.gz` token counts. Throws `trace_invalid`. */
export function readSessions(path: string, options: TraceOptions): SessionSource {
  const text = readText(path);
  if (path.endsWith(".json")) {
    return {
      name: `tau-bench text, gaps of ${options.thinkMs} ms`,
      sessions: readTauBench(text, path, options.thinkMs),
    };
  }
  const { scale, timeScale, maxContextTokens } = options;
  return {
    name: `token counts x ${scale}, times x ${timeScale}, contexts up to ${maxContextTokens} tokens`,
    sessions: readTokenTraces(text, path, options),
  };
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path);
    const plain = path.endsWith(".gz") ? gunzipSync(bytes, { maxOutputLength: MAX_TRACE_BYTES }) : bytes;
    return plain.toString("utf8");
  } catch (error) {
    return fail("file_unreadable", { path, reason: error instanceof Error ? error.message : String(error) });
  }
}
