/**
 * Sessions out of recorded token counts of coding agents: one JSON object a line, as
 * https://github.com/callanjfox/kv-cache-tester publishes them, with its runs of block hashes as
 * [first, length]. What two requests share is read from the hashes; the text is made up.
 */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import type { AgentSession, ReplayMessage, ReplayTurn } from "./agent-session.ts";
import { fillerText } from "./filler-text.ts";

const MS_PER_SECOND = 1000;

const trace = z.looseObject({
  id: z.string(),
  block_size: z.int().positive(),
  system_tokens: z.int().min(0).default(0),
  tool_tokens: z.int().min(0).default(0),
  requests: z.array(
    z.looseObject({
      t: z.number().min(0),
      in: z.int().positive(),
      out: z.int().min(0),
      hash_runs: z.array(z.tuple([z.int(), z.int().positive()])),
      think_time: z.number().min(0).default(0),
      stop: z.string().nullish(),
    }),
  ),
});

type Trace = z.output<typeof trace>;
type RecordedRequest = Trace["requests"][number];

export interface TokenTraceOptions {
  /** All token counts are multiplied by it, so ratios stay: 0.125 makes 100,000 tokens 12,500. */
  readonly scale: number;
  /** Think times are multiplied by it. */
  readonly timeScale: number;
  /** Sessions whose scaled context ever exceeds this are left out. */
  readonly maxContextTokens: number;
}

/** `lines` is the text of a trace file. Sessions without a request are left out. */
export function readTokenTraces(lines: string, path: string, options: TokenTraceOptions): AgentSession[] {
  const texts = lines.split("\n").filter((line) => line.trim() !== "");
  return texts.flatMap((line, index) => {
    const session = toSession(parseTrace(line, path, index + 1), options);
    return session === null ? [] : [session];
  });
}

function parseTrace(line: string, path: string, number: number): Trace {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    fail("trace_invalid", {
      path,
      problem: `line ${number}: ${error instanceof Error ? error.message : String(error)}`,
    });
  }
  const parsed = trace.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return fail("trace_invalid", {
    path,
    problem: `line ${number}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
  });
}

function toSession(recorded: Trace, options: TokenTraceOptions): AgentSession | null {
  const { scale, maxContextTokens } = options;
  const fits = recorded.requests.every((request) => (request.in + request.out) * scale <= maxContextTokens);
  const [first] = recorded.requests;
  if (!fits || first === undefined) return null;
  return { id: recorded.id, recordedStartMs: first.t * MS_PER_SECOND, turns: toTurns(recorded, options) };
}

/** One message of the conversation so far and the tokens up to its end. */
interface Laid {
  readonly endTokens: number;
}

function toTurns(recorded: Trace, { scale, timeScale }: TokenTraceOptions): ReplayTurn[] {
  const scaled = (tokens: number): number => Math.max(1, Math.round(tokens * scale));
  const laid: Laid[] = [];
  let previous: RecordedRequest | null = null;
  return recorded.requests.map((request, index) => {
    const shared = previous === null ? 0 : sharedTokens(previous, request, recorded.block_size);
    previous = request;
    // A message that is only partly shared is sent anew.
    const kept = laid.filter(({ endTokens }) => endTokens <= shared).length;
    laid.length = kept;
    const keptTokens = laid.at(-1)?.endTokens ?? 0;
    const messages: ReplayMessage[] = [];
    const lay = (role: ReplayMessage["role"], tokens: number): void => {
      messages.push({ role, content: fillerText(scaled(tokens), `${recorded.id}/${index}/${messages.length}`) });
      laid.push({ endTokens: (laid.at(-1)?.endTokens ?? 0) + tokens });
    };
    const system = recorded.system_tokens + recorded.tool_tokens;
    if (keptTokens === 0 && system > 0 && system < request.in) lay("system", system);
    lay("user", Math.max(1, request.in - (laid.at(-1)?.endTokens ?? 0)));
    laid.push({ endTokens: request.in + request.out });
    return {
      thinkMs: index === 0 ? 0 : request.think_time * MS_PER_SECOND * timeScale,
      keptMessages: kept,
      messages,
      outputTokens: scaled(request.out),
      acts: request.stop === "tool_use",
    };
  });
}

/** Tokens of `next` that `previous` began with, its answer included where all of its prompt is. */
function sharedTokens(previous: RecordedRequest, next: RecordedRequest, blockTokens: number): number {
  const before = blocksOf(previous);
  const after = blocksOf(next);
  let blocks = 0;
  while (blocks < before.length && blocks < after.length && before[blocks] === after[blocks]) blocks += 1;
  // The last block of a prompt is cut at its end, so its hash changes when more follows.
  const whole = blocks >= before.length - 1;
  return whole && next.in >= previous.in + previous.out ? previous.in + previous.out : blocks * blockTokens;
}

function blocksOf({ hash_runs: runs }: RecordedRequest): number[] {
  return runs.flatMap(([first, length]) => Array.from({ length }, (_, offset) => first + offset));
}
