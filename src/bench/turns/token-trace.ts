/**
 * Sessions out of recorded token counts of coding agents: one JSON object a line, as
 * https://github.com/callanjfox/kv-cache-tester publishes them, with its runs of block hashes as
 * [first, length]. What two requests share is read from the hashes; the text is made up. A subagent's
 * requests are a session of their own, which begins so long after its agent's as it did.
 */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import type { AgentSession, ReplayMessage, ReplayTurn, SessionStart } from "./agent-session.ts";
import { fillerText } from "./filler-text.ts";

const MS_PER_SECOND = 1000;

const request = z.looseObject({
  t: z.number().min(0),
  in: z.int().positive(),
  out: z.int().min(0),
  hash_runs: z.array(z.tuple([z.int(), z.int().positive()])),
  think_time: z.number().min(0).default(0),
  stop: z.string().nullish(),
});

/** Tokens that come before the first message. */
const PREAMBLE = { system_tokens: z.int().min(0).default(0), tool_tokens: z.int().min(0).default(0) };

const subagent = z.looseObject({
  type: z.literal("subagent"),
  t: z.number().min(0),
  agent_id: z.string(),
  ...PREAMBLE,
  requests: z.array(request),
});

const trace = z.looseObject({
  id: z.string(),
  block_size: z.int().positive(),
  ...PREAMBLE,
  requests: z.array(z.union([subagent, request])),
});

type RecordedRequest = z.output<typeof request>;

/** The requests of one agent, in order. */
interface Recording {
  readonly id: string;
  /** The agent that started this one; null for the first of a line. */
  readonly startedBy: string | null;
  readonly startSeconds: number;
  readonly blockTokens: number;
  readonly preambleTokens: number;
  readonly requests: readonly RecordedRequest[];
}

export interface TokenTraceOptions {
  /** All token counts are multiplied by it, so ratios stay: 0.125 makes 100,000 tokens 12,500. */
  readonly scale: number;
  /** Think times and starts are multiplied by it. */
  readonly timeScale: number;
  /** Sessions whose scaled context ever exceeds this are left out. */
  readonly maxContextTokens: number;
}

/** `lines` is the text of a trace file. Sessions without a request are left out. */
export function readTokenTraces(lines: string, path: string, options: TokenTraceOptions): AgentSession[] {
  const texts = lines.split("\n").filter((line) => line.trim() !== "");
  const recordings = texts.flatMap((line, index) => parseRecordings(line, path, index + 1));
  const played = recordings.filter((one) => isPlayable(one, options));
  const byId = new Map(played.map((one) => [one.id, one]));
  // Where every agent begins at 0, each counts from its own start, so nothing tells when one began after another.
  const sharesClock = recordings.some(({ startedBy, startSeconds }) => startedBy === null && startSeconds > 0);
  return played.map((recording) => ({
    id: recording.id,
    start: startOf(recording, byId, sharesClock, options.timeScale),
    turns: toTurns(recording, options),
  }));
}

const isPlayable = ({ requests }: Recording, { scale, maxContextTokens }: TokenTraceOptions): boolean =>
  requests.length > 0 && requests.every((one) => (one.in + one.out) * scale <= maxContextTokens);

/** A subagent whose agent is left out begins by itself. */
function startOf(
  { startedBy, startSeconds }: Recording,
  played: ReadonlyMap<string, Recording>,
  sharesClock: boolean,
  timeScale: number,
): SessionStart {
  const scaledMs = (seconds: number): number => seconds * MS_PER_SECOND * timeScale;
  const parent = startedBy === null ? undefined : played.get(startedBy);
  if (parent === undefined) return { kind: "arrives", recordedMs: sharesClock ? scaledMs(startSeconds) : null };
  return { kind: "started", by: parent.id, afterMs: Math.max(0, scaledMs(startSeconds - parent.startSeconds)) };
}

/** The agent of a line, and its subagents. */
function parseRecordings(line: string, path: string, number: number): Recording[] {
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
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    fail("trace_invalid", { path, problem: `line ${number}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}` });
  }
  const { id, block_size: blockTokens, requests } = parsed.data;
  const recordingOf = (
    name: string,
    startedBy: string | null,
    startSeconds: number,
    preamble: { readonly system_tokens: number; readonly tool_tokens: number },
    own: readonly RecordedRequest[],
  ): Recording => ({
    id: name,
    startedBy,
    startSeconds,
    blockTokens,
    preambleTokens: preamble.system_tokens + preamble.tool_tokens,
    requests: own,
  });
  const main: RecordedRequest[] = [];
  const recordings = requests.flatMap((entry) => {
    if ("agent_id" in entry && "requests" in entry) {
      const started = entry as z.output<typeof subagent>;
      return [recordingOf(`${id}/${started.agent_id}`, id, started.t, started, started.requests)];
    }
    main.push(entry);
    return [];
  });
  return [recordingOf(id, null, main[0]?.t ?? 0, parsed.data, main), ...recordings];
}

/** One message of the conversation so far and the tokens up to its end. */
interface Laid {
  readonly endTokens: number;
}

function toTurns(recorded: Recording, { scale, timeScale }: TokenTraceOptions): ReplayTurn[] {
  const scaled = (tokens: number): number => Math.max(1, Math.round(tokens * scale));
  const laid: Laid[] = [];
  let previous: RecordedRequest | null = null;
  return recorded.requests.map((one, index) => {
    const shared = previous === null ? 0 : sharedTokens(previous, one, recorded.blockTokens);
    previous = one;
    // A message that is only partly shared is sent anew.
    const kept = laid.filter(({ endTokens }) => endTokens <= shared).length;
    laid.length = kept;
    const messages: ReplayMessage[] = [];
    const lay = (role: ReplayMessage["role"], tokens: number): void => {
      messages.push({ role, content: fillerText(scaled(tokens), `${recorded.id}/${index}/${messages.length}`) });
      laid.push({ endTokens: (laid.at(-1)?.endTokens ?? 0) + tokens });
    };
    const { preambleTokens } = recorded;
    if (kept === 0 && preambleTokens > 0 && preambleTokens < one.in) lay("system", preambleTokens);
    lay("user", Math.max(1, one.in - (laid.at(-1)?.endTokens ?? 0)));
    laid.push({ endTokens: one.in + one.out });
    return {
      thinkMs: index === 0 ? 0 : one.think_time * MS_PER_SECOND * timeScale,
      keptMessages: kept,
      messages,
      outputTokens: scaled(one.out),
      acts: one.stop === "tool_use",
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
