/** Asks a server each case once, greedily, and counts what was right, for each category and for all. */

import { type ChatEndpoint, completeChat } from "../../agent/chat-endpoint.ts";
import { TurnwiseError } from "../../base/errors.ts";
import type { BfclCase } from "./bfcl-case.ts";
import { judgeCalls, type Verdict } from "./judge-calls.ts";
import { offeredTool } from "./offered-tool.ts";

export interface BfclOptions {
  /** "required": the answer is calls, which a grammar can hold to; "auto": as the model likes. */
  readonly toolChoice: "auto" | "required";
  readonly maxTokens: number;
  /** Cases in progress at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly onCase?: (done: number, total: number) => void;
}

export interface BfclCounts {
  readonly cases: number;
  /** Answers that the token limit cut off; they are judged as they are. */
  readonly cutOff: number;
  readonly wellFormed: number;
  readonly rightFunction: number;
  readonly rightArguments: number;
  /** The server refused or failed; nothing of them is right. */
  readonly failed: number;
}

export interface BfclReport {
  readonly all: BfclCounts;
  readonly categories: Readonly<Record<string, BfclCounts>>;
  /** Why cases failed, each reason once. */
  readonly failures: readonly string[];
}

interface Outcome extends Verdict {
  readonly cutOff: boolean;
  readonly failure: string | null;
}

const NOTHING_RIGHT: Verdict = { wellFormed: false, rightFunction: false, rightArguments: false };
/** Reasons that are listed; a server that refuses all says the same in many words. */
const MAX_FAILURES = 10;

/** Throws the signal's reason. */
export async function runBfcl(
  endpoint: ChatEndpoint,
  cases: readonly BfclCase[],
  options: BfclOptions,
): Promise<BfclReport> {
  const outcomes = new Map<BfclCase, Outcome>();
  const queue = [...cases];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      outcomes.set(next, await playCase(endpoint, next, options));
      options.onCase?.(outcomes.size, cases.length);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  const played = cases.flatMap((each) => outcomes.get(each) ?? []);
  const failures = [...new Set(played.flatMap(({ failure }) => failure ?? []))].slice(0, MAX_FAILURES);
  return { all: count(played), categories: groupOutcomes(cases, outcomes), failures };
}

async function playCase(
  endpoint: ChatEndpoint,
  { messages, functions, ...rest }: BfclCase,
  { toolChoice, maxTokens, signal }: BfclOptions,
): Promise<Outcome> {
  try {
    const asked = { signal, maxTokens, temperature: 0, toolChoice };
    const reply = await completeChat(endpoint, messages, functions.map(offeredTool), asked);
    const verdict = judgeCalls({ messages, functions, ...rest }, reply.calls);
    return { ...verdict, cutOff: reply.finishReason === "length", failure: null };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof TurnwiseError)) throw error;
    return { ...NOTHING_RIGHT, cutOff: false, failure: error.message };
  }
}

function groupOutcomes(
  cases: readonly BfclCase[],
  outcomes: ReadonlyMap<BfclCase, Outcome>,
): Readonly<Record<string, BfclCounts>> {
  const groups = new Map<string, Outcome[]>();
  for (const each of cases) {
    const outcome = outcomes.get(each);
    if (outcome !== undefined) groups.set(each.category, [...(groups.get(each.category) ?? []), outcome]);
  }
  return Object.fromEntries([...groups].map(([category, list]) => [category, count(list)]));
}

function count(outcomes: readonly Outcome[]): BfclCounts {
  const of = (holds: (outcome: Outcome) => boolean): number => outcomes.filter(holds).length;
  return {
    cases: outcomes.length,
    cutOff: of(({ cutOff }) => cutOff),
    wellFormed: of(({ wellFormed }) => wellFormed),
    rightFunction: of(({ rightFunction }) => rightFunction),
    rightArguments: of(({ rightArguments }) => rightArguments),
    failed: of(({ failure }) => failure !== null),
  };
}
