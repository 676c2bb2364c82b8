/**
 * The held-out evaluation: at each place where the assistant speaks, the model continues the true history,
 * greedily, and its reply is judged. Many places run at once; those of one conversation share their prefix.
 */

import { setMaxListeners } from "node:events";
import { at } from "../../base/invariant.ts";
import type { EngineApi } from "../../engine/types.ts";
import { TOOL_FORMATS } from "../../text/tools/tool-formats.ts";
import { evalItems, heldOutConversations, type EvalItem } from "./held-out.ts";
import { replyPerplexity, type ReplyPerplexity } from "./reply-perplexity.ts";
import { judge, type Verdict } from "./scoring/judge.ts";
import { readReply, type Reply } from "./scoring/read-reply.ts";
import { tally, type ScoreTable } from "./scoring/tally.ts";

/** More than any right reply needs; a model that goes on and on is cut off, and judged by that. */
const MAX_REPLY_TOKENS = 384;

export interface AgentEvalOptions {
  /** Of the held-out set's beginning. */
  readonly conversations: number;
  /** Binds calls to the tools' schemas. */
  readonly grammar: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface AgentEvalResult {
  readonly conversations: number;
  readonly decisions: number;
  readonly grammar: boolean;
  readonly seconds: number;
  /** Of the true replies; null where the model's template allows none. */
  readonly replies: ReplyPerplexity | null;
  readonly all: ScoreTable;
  /** Conversations whose tools training may have shown the words of. */
  readonly seen: ScoreTable;
  readonly unseen: ScoreTable;
  /** Some replies that were wrong, for a person to read. */
  readonly mistakes: readonly Mistake[];
}

export interface Mistake {
  readonly asked: string;
  readonly decision: EvalItem["decision"];
  readonly reply: Reply;
}

const MAX_MISTAKES = 20;

export async function runAgentEval(engine: EngineApi, options: AgentEvalOptions): Promise<AgentEvalResult> {
  const { conversations, grammar, signal, onProgress } = options;
  // Every running request listens to it.
  if (signal !== undefined) setMaxListeners(0, signal);
  const started = performance.now();
  const heldOut = heldOutConversations(conversations);
  const items = evalItems(heldOut);
  // In the order of the items, whichever is done first.
  const judged: { readonly item: EvalItem; readonly reply: Reply; readonly verdict: Verdict }[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = at(items, index);
      const reply = await replyTo(engine, item, grammar, signal);
      judged[index] = { item, reply, verdict: judge(item.decision, reply) };
      onProgress?.((done += 1), items.length);
    }
  };
  await Promise.all(Array.from({ length: engine.capacity.maxSequences }, work));
  const verdictsOf = (unseen: boolean): readonly Verdict[] =>
    judged.filter(({ item }) => item.conversation.unseen === unseen).map(({ verdict }) => verdict);
  return {
    conversations,
    decisions: items.length,
    grammar,
    replies: await replyPerplexity(engine, heldOut, signal),
    seconds: (performance.now() - started) / 1000,
    all: tally(judged.map(({ verdict }) => verdict)),
    seen: tally(verdictsOf(false)),
    unseen: tally(verdictsOf(true)),
    mistakes: judged
      .filter(({ verdict }) => Object.values(verdict).includes(false))
      .slice(0, MAX_MISTAKES)
      .map(({ item, reply }) => ({ asked: lastText(item), decision: item.decision, reply })),
  };
}

const lastText = ({ conversation, step }: EvalItem): string => conversation.steps[step - 1]?.message.content ?? "";

async function replyTo(
  engine: EngineApi,
  { conversation, step }: EvalItem,
  grammar: boolean,
  signal: AbortSignal | undefined,
): Promise<Reply> {
  const { tools } = conversation;
  const prompt = await engine.renderChat({
    messages: conversation.steps.slice(0, step).map(({ message }) => message),
    tools,
    addGenerationPrompt: true,
  });
  const format = engine.model.toolFormat;
  const callable = tools.map(({ function: { name, parameters } }) => ({ name, parameters }));
  const parts = engine.generate({
    prompt,
    maxTokens: MAX_REPLY_TOKENS,
    sampling: { temperature: 0 },
    ...(grammar && tools.length > 0
      ? { toolCalls: { kind: "tool_calls", format, tools: callable, choice: "auto", parallel: true } as const }
      : {}),
    ...(signal === undefined ? {} : { signal }),
  });
  let output = "";
  for await (const part of parts) if (part.kind === "delta") output += part.text;
  return readReply(output, TOOL_FORMATS[format], new Set(callable.map(({ name }) => name)));
}
