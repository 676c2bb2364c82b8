/**
 * Where a request leaves the turn that it was probably meant to continue, and why. A new conversation, or
 * another answer to the same question, is no departure: only what was sent before and comes back changed.
 */

import type { ChatMessage } from "../text/template/types.ts";
import { frameKey, messageKey, textOfMessage, toolKey } from "./canonical-message.ts";
import type { Departure, MissCause } from "./miss.ts";
import type { ConversationFrame, ConversationSoFar, PromptBasis, Turn } from "./turn.ts";
import { divergence, isVolatileAt } from "./volatile-text.ts";

/** Characters that are shown before and behind a place. */
const SHOWN_BEFORE = 60;
const SHOWN_BEHIND = 100;

/** Of two system prompts that are one but for what is volatile. */
const MIN_SIMILARITY = 0.5;

/**
 * Which of `turns`, the last used first, `now` was to continue, and how it departs; null where none. `text` is
 * that of its prompt.
 */
export function closestDeparture(turns: readonly Turn[], now: ConversationSoFar, text: string): PromptBasis | null {
  const closest = closestTurn(turns, now, text);
  for (const turn of closest === null ? turns : [closest]) {
    const departure = departureFrom(turn, now, closest !== null);
    if (departure !== null) return { turn, departure };
  }
  return null;
}

/** The turn that has most of the messages; of those the one that begins most like `text`. */
function closestTurn(turns: readonly Turn[], { messages }: ConversationSoFar, text: string): Turn | null {
  const sent = new Set(messages.filter(isNotSystem).map(messageKey));
  let closest: Turn | null = null;
  let most = 0;
  for (const turn of turns) {
    const keys = new Set(turn.messages.filter(isNotSystem).map(messageKey));
    const shared = [...keys].filter((key) => sent.has(key)).length;
    const isLike = (other: Turn | null): boolean =>
      other === null || divergence(turn.promptText, text) > divergence(other.promptText, text);
    if (shared > most || (shared > 0 && shared === most && isLike(closest))) [closest, most] = [turn, shared];
  }
  return closest;
}

/** `isRelated`: they are known to be one conversation. */
export function departureFrom(turn: ConversationSoFar, now: ConversationSoFar, isRelated: boolean): Departure | null {
  // What comes back as the past is meant to be the past: the replies in it were the server's.
  const isPast = (from: number): boolean => isRelated && now.messages.slice(from).some(isReply);
  const frame = frameDeparture(turn.frame, now.frame, isPast(0));
  if (frame !== null) return frame;
  const length = Math.min(turn.messages.length, now.messages.length);
  for (let index = 0; index < length; index++) {
    const [had, has] = [turn.messages[index], now.messages[index]];
    if (had === undefined || has === undefined) break;
    if (messageKey(had) !== messageKey(has)) return messageDeparture(had, has, isPast(index));
  }
  return null;
}

function frameDeparture(had: ConversationFrame, has: ConversationFrame, isPast: boolean): Departure | null {
  if (frameKey(had) === frameKey(has)) return null;
  const texts = (): [string, string] => [JSON.stringify(had.tools ?? []), JSON.stringify(has.tools ?? [])];
  const [before, after] = [had, has].map(({ tools = [] }) => tools.map(toolKey));
  if (before === undefined || after === undefined || before.join() === after.join()) {
    const variables: [string, string] = [JSON.stringify(had.variables ?? {}), JSON.stringify(has.variables ?? {})];
    return isPast ? excerpts("variables_changed", ...variables) : null;
  }
  if (before.toSorted().join() === after.toSorted().join()) return excerpts("tools_reordered", ...texts());
  return isPast ? excerpts(volatileOr("tools_changed", ...texts()), ...texts()) : null;
}

function messageDeparture(had: ChatMessage, has: ChatMessage, isPast: boolean): Departure | null {
  // One that has come or gone is a change as well.
  const isSystem = !isNotSystem(had) || !isNotSystem(has);
  // Without a past only a system prompt can be known again, by being the same but for a date.
  if (!isPast && !isSystem) return null;
  const texts: [string, string] = [shownText(had), shownText(has)];
  const cause = volatileOr(isSystem ? "system_changed" : "history_changed", ...texts);
  const isKnownAgain = (): boolean => cause === "volatile_text" && similarity(...texts) >= MIN_SIMILARITY;
  return isPast || isKnownAgain() ? excerpts(cause, ...texts) : null;
}

/** `template_rewrote_history`, unless what the template wrote is a date or the like. */
export function templateDeparture(had: string, has: string): Departure {
  return excerpts(volatileOr("template_rewrote_history", had, has), had, has);
}

function volatileOr(cause: MissCause, had: string, has: string): MissCause {
  return isVolatileAt(had, has, divergence(had, has)) ? "volatile_text" : cause;
}

function excerpts(cause: MissCause, had: string, has: string): Departure {
  const at = divergence(had, has);
  const excerpt = (text: string): string => text.slice(Math.max(0, at - SHOWN_BEFORE), at + SHOWN_BEHIND);
  return { cause, had: excerpt(had), has: excerpt(has) };
}

/** The share of the longer text that both begin and end with. */
function similarity(left: string, right: string): number {
  const begin = divergence(left, right);
  const most = Math.min(left.length, right.length) - begin;
  let end = 0;
  while (end < most && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  return (begin + end) / Math.max(1, left.length, right.length);
}

function shownText(message: ChatMessage): string {
  const { role, tool_calls: calls = [] } = message;
  const shown = calls.map(({ function: { name, arguments: given } }) => JSON.stringify({ name, arguments: given }));
  return [`${role}: ${textOfMessage(message)}`, ...shown].join("\n");
}

const isReply = ({ role }: ChatMessage): boolean => role === "assistant";
const isNotSystem = ({ role }: ChatMessage): boolean => role !== "system" && role !== "developer";
