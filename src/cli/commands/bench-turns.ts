/** `turnwise bench turns`: replays agents' sessions against any OpenAI-compatible server, or this one. */

import { setTimeout as sleep } from "node:timers/promises";
import { fail } from "../../base/errors.ts";
import type { OptionTable, OptionValues } from "../../base/option-table.ts";
import type { AgentSession, SessionSource } from "../../bench/turns/agent-session.ts";
import { type Arrivals, haveRecordedStarts, startTimesMs } from "../../bench/turns/arrivals.ts";
import { type ChatTarget, streamChat } from "../../bench/turns/chat-stream.ts";
import { generateSessions } from "../../bench/turns/generated-sessions.ts";
import { readSessions } from "../../bench/turns/read-sessions.ts";
import { type ReplayClock, replay } from "../../bench/turns/replay.ts";
import { figureRows, QUANTILE_HEAD, quantileRows, turnsPage } from "../../bench/turns/turns-page.ts";
import { type TurnsReport, turnsReport } from "../../bench/turns/turns-report.ts";
import { renderPage } from "../../report/html-page.ts";
import { TARGET_OPTIONS, withChatTarget } from "../chat-target.ts";
import { type CommandContext, EXIT_CODES, type ExitCode, defineCommand } from "../command.ts";
import { withInterruptSignal } from "../interrupts.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { BATCH_OPTIONS, ENGINE_OPTIONS } from "../options/engine-options.ts";
import { createProgress } from "../progress.ts";
import { textTable } from "../text-table.ts";
import { writeJson, writeLine, writeText } from "../terminal.ts";
import { writeTextFile } from "../write-text-file.ts";

const MAX_COUNT = 1_000_000;
const count = { kind: "integer", min: 1, max: MAX_COUNT } as const;

const SESSION_OPTIONS = {
  trace: {
    type: { kind: "string", placeholder: "FILE" },
    default: null,
    env: null,
    help: "File of recorded sessions: tau-bench (.json), token counts (.jsonl, .jsonl.gz); else generated",
  },
  sessions: { type: count, default: 8, env: null, help: "How many sessions; of a trace the first ones that fit" },
  turns: { type: count, default: 8, env: null, help: "Turns of a generated session; of a trace at most so many" },
  "system-tokens": { type: count, default: 1000, env: null, help: "Generated: the system prompt that all share" },
  "turn-tokens": { type: count, default: 200, env: null, help: "Generated: mean of what a turn adds" },
  "output-tokens": { type: count, default: 60, env: null, help: "Generated: mean of an answer" },
  think: {
    type: { kind: "duration" },
    default: 1000,
    env: null,
    help: "Gap before a turn: the mean of generated ones, or the gap itself where a trace has no times",
  },
  scale: {
    type: { kind: "number", min: 1e-4, max: 1 },
    default: 1,
    env: null,
    help: "Multiplies a trace's token counts",
  },
  "time-scale": {
    type: { kind: "number", min: 0, max: 1000 },
    default: 1,
    env: null,
    help: "Multiplies recorded times",
  },
  "max-context": { type: count, default: 8192, env: null, help: "Sessions of token counts beyond it are left out" },
  arrivals: {
    type: { kind: "choice", choices: ["burst", "poisson", "gamma", "recorded"] },
    default: "poisson",
    env: null,
    help: "When sessions begin: all at once, at random, in bursts, as recorded; subagents follow their agents",
  },
  rate: { type: { kind: "number", min: 1e-3, max: 1e6 }, default: 10, env: null, help: "Sessions a minute" },
  variation: {
    type: { kind: "number", min: 0.1, max: 20 },
    default: 2,
    env: null,
    help: "Coefficient of variation of gamma arrivals; 1 is Poisson",
  },
  seed: { type: { kind: "string", placeholder: "TEXT" }, default: "1", env: null, help: "Same seed, same load" },
} as const satisfies OptionTable;

const REPORT_OPTIONS = {
  "slo-turn": { type: { kind: "duration" }, default: 10_000, env: null, help: "A good turn is complete within it" },
  "slo-first-token": {
    type: { kind: "duration" },
    default: 2000,
    env: null,
    help: "A turn is also good only where its first token comes within it",
  },
  "turn-timeout": { type: { kind: "duration" }, default: 300_000, env: null, help: "A longer turn has failed" },
  html: { type: { kind: "string", placeholder: "FILE" }, default: null, env: null, help: "Write a page with plots" },
  json: {
    type: { kind: "boolean" },
    default: false,
    env: null,
    help: "Print one JSON object; null is infinity: of a failure, or of a bound that few turns do not have",
  },
} as const satisfies OptionTable;

type SessionOptions = OptionValues<typeof SESSION_OPTIONS>;

export const BENCH_TURNS = defineCommand({
  name: "bench turns",
  summary: "Replay agents' sessions against a server, and measure their turns",
  details:
    "Sessions begin at their times whatever the server does; inside one, a turn follows the\n" +
    "answer before it. Answers have the recorded length (ignore_eos), and each server's own text\n" +
    "stays in its history. Clocks start at the intended time. A failed turn counts as infinitely\n" +
    "slow, and so do those behind it in its session. The exit status is 1 where no turn ended\n" +
    "well, and 130 after an interrupt, which prints what was measured until then.",
  arguments: {},
  groups: {
    Target: TARGET_OPTIONS,
    Sessions: SESSION_OPTIONS,
    Report: REPORT_OPTIONS,
    "Model (without --url)": {
      ...BATCH_OPTIONS,
      ...ENGINE_OPTIONS,
      ...CACHE_OPTIONS,
    },
  },
  examples: [
    "turnwise bench turns --model model.gguf --sessions 8 --html turns.html",
    "turnwise bench turns --url http://127.0.0.1:8080/v1 --trace sessions.jsonl.gz --scale 0.05 --rate 4",
  ],
  run: async ({ options }, context) => {
    const source = takeSessions(options);
    const planned = source.sessions.reduce((sum, { turns }) => sum + turns.length, 0);
    const play = async (target: ChatTarget): Promise<TurnsReport> => {
      const arrivals = toArrivals(options);
      const records = await playWithProgress(source.sessions, planned, arrivals, target, options, context);
      const objective = { turnMs: options.sloTurn, firstTokenMs: options.sloFirstToken };
      const report = turnsReport(records, planned, objective);
      const facts = [
        `${source.sessions.length} sessions: ${source.name}; arrivals: ${options.arrivals}; seed ${options.seed}`,
        `against ${target.url}, model ${target.model}`,
      ];
      if (options.json) await writeJson(context.terminal.stdout, { facts, ...report });
      else await printReport(facts, report, context);
      if (options.html !== null) {
        writeTextFile(options.html, renderPage("Turns of agents", turnsPage({ facts, report, records })));
      }
      return report;
    };
    return exitCodeOf(await withChatTarget(options, context, play), context);
  },
});

function takeSessions(options: SessionOptions): SessionSource {
  const { trace, scale, timeScale, maxContext: maxContextTokens, think: thinkMs, seed } = options;
  const source =
    trace === null
      ? { name: "generated", sessions: generateSessions({ ...options, thinkMs }, seed) }
      : readSessions(trace, { scale, timeScale, maxContextTokens, thinkMs });
  const sessions = source.sessions
    .slice(0, options.sessions)
    .map((session): AgentSession => ({ ...session, turns: session.turns.slice(0, options.turns) }));
  if (sessions.length === 0) {
    fail("trace_invalid", { path: trace ?? "", problem: "no session fits; raise --max-context or lower --scale" });
  }
  if (options.arrivals === "recorded" && !haveRecordedStarts(sessions)) {
    const problem = "it is not recorded when these sessions began beside each other; take poisson, gamma or burst";
    fail("invalid_option", { option: "--arrivals", problem });
  }
  return { ...source, sessions };
}

function toArrivals({ arrivals, rate: perMinute, variation }: SessionOptions): Arrivals {
  switch (arrivals) {
    case "burst":
      return { kind: "burst" };
    case "poisson":
      return { kind: "poisson", perMinute };
    case "gamma":
      return { kind: "gamma", perMinute, variation };
    case "recorded":
      return { kind: "recorded" };
    default:
      return arrivals satisfies never;
  }
}

async function playWithProgress(
  sessions: readonly AgentSession[],
  planned: number,
  arrivals: Arrivals,
  target: ChatTarget,
  { seed, turnTimeout: turnTimeoutMs }: { readonly seed: string; readonly turnTimeout: number },
  { interrupts, terminal }: CommandContext,
) {
  const progress = createProgress(terminal.stderr);
  let done = 0;
  try {
    return await withInterruptSignal(interrupts, (signal) =>
      replay(
        sessions,
        startTimesMs(sessions, arrivals, seed),
        (request) => streamChat(target, request, () => CLOCK.now()),
        {
          clock: CLOCK,
          turnTimeoutMs,
          signal,
          onTurn: () => progress.update("playing turns", ++done / planned),
        },
      ),
    );
  } finally {
    progress.done();
  }
}

const CLOCK: ReplayClock = {
  now: () => performance.now(),
  async waitUntil(atMs, signal) {
    const leftMs = atMs - performance.now();
    // An aborted wait ends at once; the replay looks at the signal itself.
    if (leftMs > 0) await sleep(leftMs, undefined, { signal }).catch(() => undefined);
  },
};

async function printReport(facts: readonly string[], report: TurnsReport, { terminal }: CommandContext): Promise<void> {
  for (const fact of facts) await writeLine(terminal.stdout, fact);
  await writeText(
    terminal.stdout,
    `\n${textTable([QUANTILE_HEAD, ...quantileRows(report)])}\n${textTable(figureRows(report))}`,
  );
}

/** Says on stderr what a script that reads the report must not overlook. */
async function exitCodeOf(report: TurnsReport, { terminal }: CommandContext): Promise<ExitCode> {
  if (report.interrupted) {
    await writeLine(terminal.stderr, `interrupted: the report is of ${report.turns} of ${report.planned} turns`);
    return EXIT_CODES.interrupted;
  }
  if (report.failures < report.turns) return EXIT_CODES.ok;
  const [reason = ""] = Object.keys(report.failureReasons);
  await writeLine(terminal.stderr, `no turn ended well: ${reason}`);
  return EXIT_CODES.failed;
}
