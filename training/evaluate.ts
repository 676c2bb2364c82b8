/**
 * Scores a trained model in all the forms that it may run in, and writes the table of its card:
 *
 *   npm run training:evaluate -- --model run/turnwise-agent --out models [--conversations 1000] [--compared 300]
 *
 * OUT/turnwise-agent.gguf  the model in Q8_0
 * OUT/scores.json          all figures, and some wrong replies
 * OUT/README.md            the card, where it has the table's marks
 */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { KvType } from "../src/base/dtypes.ts";
import { Engine } from "../src/engine/engine.ts";
import { HELD_OUT_COUNT } from "../src/eval/agent/held-out.ts";
import { type AgentEvalResult, runAgentEval } from "../src/eval/agent/run-agent-eval.ts";
import type { ScoreName } from "../src/eval/agent/scoring/judge.ts";
import type { Share } from "../src/eval/agent/scoring/tally.ts";
import { convertModel } from "../src/models/convert/convert-model.ts";
import type { ConvertQuant } from "../src/models/convert/convert-quant.ts";

interface Form {
  readonly weights: string;
  readonly kv: KvType;
  readonly grammar: boolean;
}

const WEIGHTS: Readonly<Record<string, ConvertQuant>> = { F16: "f16", Q8_0: "q8", Q4_0: "q4-g32" };
const SHIPPED = "Q8_0";
const KV_TYPES: readonly KvType[] = ["f16", "int8"];

/** As it is shipped: scored by all conversations. */
const SHIPPED_FORMS: readonly Form[] = [false, true].map((grammar) => ({ weights: SHIPPED, kv: "int8", grammar }));
/** Compared with each other by fewer. */
const COMPARED_FORMS: readonly Form[] = Object.keys(WEIGHTS).flatMap((weights) =>
  KV_TYPES.map((kv) => ({ weights, kv, grammar: false })),
);

async function score(model: string, { kv, grammar }: Form, conversations: number): Promise<AgentEvalResult> {
  const engine = await Engine.load({ model, kvType: kv, weightCache: false });
  try {
    return await runAgentEval(engine, { conversations, grammar });
  } finally {
    await engine.dispose();
  }
}

const COLUMNS: readonly (readonly [ScoreName, string])[] = [
  ["wellFormed", "well-formed calls"],
  ["rightTool", "right tools"],
  ["exactArguments", "exact arguments"],
  ["noCall", "right not to call"],
  ["resultInAnswer", "answer has the result"],
];

const percent = ({ share }: Share): string => (share === null ? "-" : (100 * share).toFixed(1));

function table(rows: readonly (readonly [Form, AgentEvalResult])[]): string {
  const heads = [
    "conversations",
    "weights",
    "KV cache",
    "calls",
    "perplexity",
    ...COLUMNS.map(([, label]) => label),
    "right / exact of unseen tools",
  ];
  const lines = rows.map(([{ weights, kv, grammar }, { conversations, all, unseen, replies }]) => [
    conversations,
    weights,
    kv,
    grammar ? "by grammar" : "free",
    replies === null ? "-" : replies.perplexity.toFixed(4),
    ...COLUMNS.map(([name]) => percent(all[name])),
    `${percent(unseen.rightTool)} / ${percent(unseen.exactArguments)}`,
  ]);
  return [heads, heads.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const MARKS = /(<!-- scores -->\n)[^]*(<!-- end of scores -->)/;

function writeCard(path: string, text: string): void {
  if (!existsSync(path)) return;
  const card = readFileSync(path, "utf8");
  if (!MARKS.test(card)) throw new Error(`${path} has no <!-- scores --> and <!-- end of scores --> for the table`);
  writeFileSync(
    path,
    card.replace(MARKS, (_, start: string, end: string) => `${start}${text}\n${end}`),
  );
}

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    out: { type: "string" },
    conversations: { type: "string", default: String(HELD_OUT_COUNT) },
    compared: { type: "string", default: "300" },
  },
});
if (values.model === undefined || values.out === undefined) {
  process.stderr.write(
    "usage: npm run training:evaluate -- --model DIR --out DIR [--conversations N] [--compared N]\n",
  );
  process.exit(2);
}
mkdirSync(values.out, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), "turnwise-evaluate-"));
const pathOf = (weights: string): string =>
  weights === SHIPPED ? join(values.out ?? "", "turnwise-agent.gguf") : join(folder, `${weights}.gguf`);
try {
  for (const [weights, quant] of Object.entries(WEIGHTS)) convertModel(values.model, pathOf(weights), quant);
  const rows: (readonly [Form, AgentEvalResult])[] = [];
  const runs = [
    ...SHIPPED_FORMS.map((form) => [form, Number(values.conversations)] as const),
    ...COMPARED_FORMS.map((form) => [form, Number(values.compared)] as const),
  ];
  for (const [form, conversations] of runs) {
    const result = await score(pathOf(form.weights), form, conversations);
    rows.push([form, result]);
    process.stderr.write(
      `${table([[form, result]])
        .split("\n")
        .at(-1)} ${result.seconds.toFixed(0)} s\n`,
    );
    // After each, so that what is done is kept.
    const scores = rows.map(([done, scored]) => ({ ...done, ...scored }));
    writeFileSync(join(values.out, "scores.json"), `${JSON.stringify(scores, null, 1)}\n`);
  }
  const text = table(rows);
  writeCard(join(values.out, "README.md"), text);
  process.stdout.write(`${text}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
