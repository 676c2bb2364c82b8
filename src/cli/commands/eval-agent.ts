/** `turnwise eval agent`: how well a model uses tools, by the held-out conversations. */

import type { OptionTable } from "../../base/option-table.ts";
import { HELD_OUT_COUNT } from "../../eval/agent/held-out.ts";
import { runAgentEval, type AgentEvalResult } from "../../eval/agent/run-agent-eval.ts";
import type { ReplyPerplexity } from "../../eval/agent/reply-perplexity.ts";
import { SCORES, type ScoreName } from "../../eval/agent/scoring/judge.ts";
import type { Share } from "../../eval/agent/scoring/tally.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { withInterruptSignal } from "../interrupts.ts";
import { withEngine } from "../load-engine.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { BATCH_OPTIONS, ENGINE_OPTIONS, toEngineOptions } from "../options/engine-options.ts";
import { createProgress } from "../progress.ts";
import { resolveModel } from "../resolve-model.ts";
import { writeJson, writeLine, writeText } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const EVAL_OPTIONS = {
  model: {
    type: { kind: "string", placeholder: "MODEL" },
    default: null,
    env: null,
    help: "The model to judge, as for other commands; by default the built-in model",
  },
  limit: {
    type: { kind: "integer", min: 1, max: HELD_OUT_COUNT },
    default: HELD_OUT_COUNT,
    env: null,
    help: "Conversations to take, from the first on",
  },
  grammar: {
    type: { kind: "boolean" },
    default: false,
    env: null,
    help: "Bind calls to the tools' schemas; by default the model writes freely",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print all figures and some wrong replies" },
} as const satisfies OptionTable;

export const EVAL_AGENT = defineCommand({
  name: "eval agent",
  summary: "Judge how a model uses tools, by held-out conversations",
  details:
    "The conversations are made from a fixed seed; the built-in model was trained on none of their names,\n" +
    "values and schemas, and a fifth have tools of words it never saw. At each place where the assistant\n" +
    "speaks, the model continues the true history greedily.",
  arguments: {},
  groups: { Evaluation: EVAL_OPTIONS, Model: { ...ENGINE_OPTIONS, ...BATCH_OPTIONS, ...CACHE_OPTIONS } },
  examples: ["turnwise eval agent", "turnwise eval agent --model model.gguf --limit 100 --grammar --json"],
  run: async ({ options }, context) => {
    const model = await resolveModel(options.model, options.cacheDir, context);
    const { terminal, interrupts } = context;
    return withEngine(toEngineOptions(model, options, options), context, async (engine) => {
      const progress = createProgress(terminal.stderr);
      const result = await withInterruptSignal(interrupts, (signal) =>
        runAgentEval(engine, {
          conversations: options.limit,
          grammar: options.grammar,
          signal,
          onProgress: (done, total) => progress.update("judging", done / total),
        }),
      ).finally(() => progress.done());
      if (options.json) await writeJson(terminal.stdout, { model: engine.model.id, ...result });
      else {
        await writeText(terminal.stdout, renderScores(result));
        await writeLine(
          terminal.stdout,
          `${engine.model.id}: ${result.decisions} decisions in ${result.conversations} conversations, ` +
            `${result.seconds.toFixed(0)} s${result.grammar ? ", calls bound by a grammar" : ""}`,
        );
        if (result.replies !== null) await writeLine(terminal.stdout, renderPerplexity(result.replies));
      }
      return EXIT_CODES.ok;
    });
  },
});

const LABELS: Readonly<Record<ScoreName, string>> = {
  wellFormed: "well-formed calls",
  rightTool: "right tools",
  exactArguments: "exact arguments",
  noCall: "right not to call",
  resultInAnswer: "answer has the result",
};

const renderPerplexity = ({ perplexity, tokens }: ReplyPerplexity): string =>
  `perplexity of the true replies: ${perplexity.toFixed(4)} over ${tokens.toLocaleString("en-US")} tokens`;

const percent = (share: number): string => (share * 100).toFixed(1);

/** "97.1 (96.0-97.9)": percent, and the 95 % interval. */
function renderShare({ share, interval }: Share): string {
  if (share === null || interval === null) return "-";
  return `${percent(share)} (${percent(interval[0])}-${percent(interval[1])})`;
}

function renderScores({ all, seen, unseen }: AgentEvalResult): string {
  const rows = SCORES.map((name) => [
    LABELS[name],
    renderShare(all[name]),
    String(all[name].total),
    renderShare(seen[name]),
    renderShare(unseen[name]),
  ]);
  return textTable(
    [["percent (95 % interval)", "all", "of", "seen tools", "unseen tools"], ...rows],
    new Set([1, 2, 3, 4]),
  );
}
