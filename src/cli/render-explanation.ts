/** A session's explanation as a person reads it, at 80 columns. */

import type { ExplainedMiss, SessionExplanation, TurnExplanation } from "../server/answers/session-answers.ts";
import { textTable } from "./text-table.ts";
import { wrapText } from "./wrap-text.ts";

const COLUMNS = 80;

const HEADS = ["turn", "prompt", "cached", "computed", "output", "queue", "prefill", "decode"];
const NUMBERS = new Set(HEADS.keys());

export function renderExplanation({ session, state, model, turns }: SessionExplanation): string {
  const count = turns.length === 1 ? "1 turn" : `${turns.length} turns`;
  const head = `${session}: ${count}, ${state}\nmodel ${model}\n`;
  if (turns.length === 0) return head;
  const missed = turns.flatMap(({ id, miss }, index) => (miss === null ? [] : [renderMiss(index + 1, id, miss)]));
  const table = textTable([HEADS, ...turns.map(turnRow)], NUMBERS);
  const end = missed.length === 0 ? ["No turn computed again what an earlier one had computed.\n"] : missed;
  return [head, `${table}  (tokens; times in ms)\n`, ...end].join("\n");
}

function turnRow(turn: TurnExplanation, index: number): string[] {
  const { prompt_tokens: prompt, cached_tokens: cached, prefilled_tokens: computed, output_tokens: output, ms } = turn;
  return [index + 1, prompt, cached, computed, output, ms.queue, ms.prefill, ms.decode].map(String);
}

function renderMiss(number: number, id: string, { index, cause, what, remedy, had, has }: ExplainedMiss): string {
  const texts = had === null || has === null ? "" : `${quoted("was: ", had)}${quoted("is:  ", has)}`;
  return (
    wrapText(`Turn ${number} (${id}) computed again from token ${index} on: ${what} (${cause}).`, COLUMNS) +
    texts +
    wrapText(remedy, COLUMNS, "  ")
  );
}

/** Line ends and other controls as JSON writes them: the text stays on its lines, and can do nothing to a terminal. */
function quoted(label: string, text: string): string {
  const begin = `  ${label}`;
  const width = COLUMNS - begin.length;
  const escaped = JSON.stringify(text).replaceAll(/[\u007F-\u009F]/g, "\uFFFD");
  const lines = escaped.match(new RegExp(`.{1,${width}}`, "gu")) ?? [];
  return lines.map((line, index) => `${index === 0 ? begin : " ".repeat(begin.length)}${line}\n`).join("");
}
