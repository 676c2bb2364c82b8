/**
 * How well a model predicts the true replies of the held-out conversations, each behind its true history: what
 * the others say is read and not scored.
 */

import type { EngineApi } from "../../engine/types.ts";
import type { Conversation } from "./conversation.ts";

export interface ReplyPerplexity {
  readonly perplexity: number;
  /** Tokens scored, each reply's end among them. */
  readonly tokens: number;
}

/** Null where the model's template writes a reply otherwise once more follows, so that there is no one text. */
export async function replyPerplexity(
  engine: EngineApi,
  conversations: readonly Conversation[],
  signal: AbortSignal | undefined,
): Promise<ReplyPerplexity | null> {
  const scores: RepliesScore[] = [];
  let isWhole = true;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < conversations.length && isWhole; index = next++) {
      signal?.throwIfAborted();
      const scored = await scoreReplies(engine, conversations[index] as Conversation);
      if (scored === null) isWhole = false;
      else scores[index] = scored;
    }
  };
  await Promise.all(Array.from({ length: engine.capacity.maxSequences }, work));
  if (!isWhole) return null;
  // In the order of the conversations, so that the sum does not depend on which was done first.
  let [logprob, tokens] = [0, 0];
  for (const score of scores) {
    logprob += score.logprob;
    tokens += score.tokens;
  }
  return tokens > 0 ? { perplexity: Math.exp(-logprob / tokens), tokens } : null;
}

interface RepliesScore {
  readonly logprob: number;
  readonly tokens: number;
}

async function scoreReplies(engine: EngineApi, { tools, steps }: Conversation): Promise<RepliesScore | null> {
  const textUntil = (end: number, addGenerationPrompt: boolean): Promise<string> =>
    engine.renderChat({ messages: steps.slice(0, end).map(({ message }) => message), tools, addGenerationPrompt });
  const tokensOf = (text: string): Promise<Int32Array> =>
    engine.tokenize(text, { addSpecial: false, parseSpecial: true });
  const whole = await textUntil(steps.length, false);
  const { logprobs } = await engine.score(await tokensOf(whole), 1);
  const sums = { logprob: 0, tokens: 0 };
  for (const [step, { decision }] of steps.entries()) {
    if (decision === undefined) continue;
    const [before, after] = [await textUntil(step, true), await textUntil(step + 1, false)];
    if (!whole.startsWith(before) || !whole.startsWith(after)) return null;
    const [from, to] = [(await tokensOf(before)).length, (await tokensOf(after)).length];
    // The first of `logprobs` is of the second token.
    for (const logprob of logprobs.subarray(from - 1, to - 1)) sums.logprob += logprob;
    sums.tokens += to - from;
  }
  return sums;
}
