/** The events of a turn as lines for a person: who says what, and what each reply cost. */

import type { Reply, ReplyCost } from "../../agent/chat-endpoint.ts";
import type { TurnEvent } from "../../agent/run-turn.ts";
import { printable } from "../terminal.ts";
import { wrapText } from "../wrap-text.ts";

const SPEAKER_WIDTH = 13;
const INDENT = " ".repeat(SPEAKER_WIDTH);
/** A file may be long; a person sees how it begins. */
const MAX_SHOWN = 400;

export function renderSaid(speaker: string, text: string, columns: number): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)} ...` : text;
  const lines = wrapText(printable(shown), columns, INDENT);
  return `  ${speaker.padEnd(SPEAKER_WIDTH - 2)}${lines.slice(SPEAKER_WIDTH)}`;
}

/** Empty for the last event: its text was in the reply before. */
export function renderEvent(event: TurnEvent, columns: number): string {
  switch (event.kind) {
    case "reply":
      return renderReply(event.reply, columns);
    case "result":
      return renderSaid(event.failed ? "tool (error)" : "tool", event.content, columns);
    case "answer":
      return "";
    default:
      return event satisfies never;
  }
}

function renderReply(reply: Reply, columns: number): string {
  const said = [
    ...(reply.text === null || reply.text.trim() === "" ? [] : [reply.text]),
    ...reply.calls.map(({ name, arguments: json }) => `${name}(${json})`),
  ];
  const lines = said.length === 0 ? ["(nothing)"] : said;
  const shown = lines.map((line, index) => renderSaid(index === 0 ? "assistant" : "", line, columns));
  return shown.join("") + wrapText(renderCost(reply), columns, INDENT);
}

/** "[12 cached, 210 prefilled in 25 ms (8,400/s), 48 generated in 60 ms (783/s)]" */
function renderCost({ tokens, ms }: ReplyCost): string {
  const prefilled = `${tokens.prefilled} prefilled${during(tokens.prefilled, ms?.prefill)}`;
  // The first token comes out of the prefill.
  const generated = `${tokens.generated} generated${during(tokens.generated - 1, ms?.decode)}`;
  return `[${tokens.cached} cached, ${prefilled}, ${generated}]`;
}

function during(tokens: number, ms: number | undefined): string {
  if (ms === undefined) return "";
  const rate = tokens > 0 && ms > 0 ? ` (${Math.round((tokens * 1000) / ms).toLocaleString("en-US")}/s)` : "";
  return ` in ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms${rate}`;
}
