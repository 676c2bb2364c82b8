/**
 * The prompt of a conversation's next turn. What was generated is never tokenised again: the ledger goes
 * on after the reply's end token, and only the template's text behind that is new.
 *
 * A template may rewrite what it rendered before (drop old thoughts, trim). Then the whole conversation is
 * tokenised anew, and the caller is told; the prefix tree still shares what stayed the same.
 */

import type { ChatInput, ChatMessage } from "../text/template/types.ts";
import type { EncodeOptions } from "../text/tokenizer/types.ts";
import { departureFrom, templateDeparture } from "./departure.ts";
import type { ConversationSoFar, Turn, TurnPrompt } from "./turn.ts";
import { frameKey } from "./canonical-message.ts";

/** What of an engine a conversation needs. */
export interface TextEngine {
  readonly model: { readonly endTokens: readonly number[] };
  renderChat(input: ChatInput): Promise<string>;
  tokenize(text: string, options: Partial<EncodeOptions>): Promise<Int32Array>;
  pieces(tokens: Int32Array): Promise<readonly string[]>;
}

/** The prompt of a conversation that continues no known turn. */
export async function firstPrompt(engine: TextEngine, { frame, messages }: ConversationSoFar): Promise<TurnPrompt> {
  const text = await engine.renderChat({ ...frame, messages, addGenerationPrompt: true });
  return { prompt: text, text, messages, frame, basis: null };
}

/**
 * The prompt of `turn` and the messages that follow it. `past` is what the turn is called now: another frame
 * or another system prompt than it had makes its ledger useless from there on.
 */
export async function nextPrompt(
  engine: TextEngine,
  turn: Turn,
  added: readonly ChatMessage[],
  past: ConversationSoFar = turn,
): Promise<TurnPrompt> {
  const { ledger } = turn;
  const { frame } = past;
  const messages = [...past.messages, ...added];
  const isSame = past.messages === turn.messages && frameKey(frame) === frameKey(turn.frame);
  const [before, text, ends] = await Promise.all([
    engine.renderChat({ ...frame, messages: past.messages, addGenerationPrompt: false }),
    engine.renderChat({ ...frame, messages, addGenerationPrompt: true }),
    engine.pieces(Int32Array.from(engine.model.endTokens)),
  ]);
  const rest = isSame ? textAfterLedger(turn, before, text, ends, engine.model.endTokens) : null;
  if (rest !== null) {
    const tail = await engine.tokenize(turn.pendingText + rest, { parseSpecial: true, after: ledger.at(-1) });
    const tokens = new Int32Array(ledger.length + tail.length);
    tokens.set(ledger);
    tokens.set(tail, ledger.length);
    return { prompt: tokens, text, messages, frame, basis: { turn, departure: null } };
  }
  const changed = isSame ? null : departureFrom(turn, { frame, messages }, true);
  const departure = changed ?? templateDeparture(...rewritten(turn, before, text));
  return { prompt: text, text, messages, frame, basis: { turn, departure } };
}

/** The two renderings of what went before that are not the same. */
function rewritten({ promptText }: Turn, before: string, text: string): [had: string, has: string] {
  return before.startsWith(promptText) ? [before, text] : [promptText, before];
}

/** What the template has behind the ledger; null where it no longer renders what the ledger stands for. */
function textAfterLedger(
  { promptText, ledger }: Turn,
  before: string,
  text: string,
  ends: readonly string[],
  endTokens: readonly number[],
): string | null {
  if (!before.startsWith(promptText) || !text.startsWith(before)) return null;
  const last = endTokens.indexOf(ledger[ledger.length - 1] ?? -1);
  if (last >= 0) {
    // The model ended its turn itself: go on behind the template's own end of it.
    const end = ends[last] ?? "";
    const at = end === "" ? -1 : before.lastIndexOf(end);
    return at < promptText.length ? null : text.slice(at + end.length);
  }
  // It was cut: the template's end of the turn closes it.
  const at = Math.max(...ends.map((end) => (end === "" ? -1 : before.lastIndexOf(end))));
  return at < promptText.length ? null : text.slice(at);
}
