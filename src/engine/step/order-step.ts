/**
 * What one step means for one order: which rows to sample and how, and then what to put out. Knows
 * neither the scheduler nor other orders.
 */

import { toTurnwiseError } from "../../base/errors.ts";
import { at, invariant } from "../../base/invariant.ts";
import { MAX_TOP_LOGPROBS, type SampleResult } from "../../graph/executor.ts";
import { type ActiveOrder, type Constraint, timingsOf } from "./active-order.ts";
import type { GenerationOrder, ScoreOrder } from "./order.ts";
import { NO_BIAS, type SampleAssembly, SCORE_SAMPLING } from "./sample-assembly.ts";
import { NO_DRAFT, type Sequence } from "../schedule/sequence.ts";
import type { PlannedChunk } from "../schedule/step-plan.ts";
import type { StepEvent, WireToken } from "../threads/step-messages.ts";

/** Adds the chunk's logits rows, in order; to be called before its tokens count as computed. */
export function addSampleRows(active: ActiveOrder, chunk: PlannedChunk, sample: SampleAssembly): void {
  const { sequence, rows, logitRows } = chunk;
  if (logitRows === 0) return;
  const { order } = active;
  if (order.kind === "generate") {
    addChoiceRows(active, order, chunk, sample);
    return;
  }
  const end = sequence.computed + rows;
  for (let row = end - logitRows; row < end; row++) {
    sample.add(SCORE_SAMPLING, row + 1, sequence.tokens.at(row + 1), null, NO_BIAS, null);
  }
}

/** A row for the next token, and one after each token of the draft, as if that had been chosen. */
function addChoiceRows(
  active: ActiveOrder,
  order: GenerationOrder,
  { sequence, drafted }: PlannedChunk,
  sample: SampleAssembly,
): void {
  const { sampling, history, output, constraint } = at(active.choices, sequence.choice);
  const { draft, tokens } = sequence;
  const historySize = history?.size ?? 0;
  for (let ahead = 0; ahead <= drafted; ahead++) {
    if (ahead > 0) history?.addOutput(at(draft, ahead - 1));
    const mask = constraint && ((words: Uint32Array) => fillMask(active, constraint, words, ahead));
    const bias = output.tokens + ahead < order.minTokens ? active.biasBeforeMinTokens : active.bias;
    sample.add(sampling, tokens.length + ahead, -1, history, bias, mask);
  }
  history?.takeBack(draft.subarray(0, drafted), historySize);
}

/** A grammar that meets a limit fails its own order, not the step's others. */
function fillMask(active: ActiveOrder, constraint: Constraint, words: Uint32Array, drafted: number): boolean {
  try {
    return constraint.fill(words, drafted);
  } catch (thrown) {
    active.failure = toTurnwiseError(thrown);
    return false;
  }
}

/** What the step did for an order, beyond its events. */
export interface StepAdvance {
  promptTokens: number;
  outputTokens: number;
  /** The chunk's sequence needs no more steps. */
  sequenceDone: boolean;
  /** Its terminal event is out. */
  orderDone: boolean;
}

/** Takes the results of the chunk, which begin at `row`, into the order, and appends its events. */
export function advanceOrder(
  active: ActiveOrder,
  chunk: PlannedChunk,
  result: SampleResult,
  row: number,
  nowMs: number,
  events: StepEvent[],
): StepAdvance {
  const advance = { promptTokens: 0, outputTokens: 0, sequenceDone: false, orderDone: false };
  const { order } = active;
  const { sequence, logitRows } = chunk;
  if (order.kind === "score") {
    takeScores(active, order, chunk, result, row, events, advance);
    return advance;
  }
  if (sequence.choice === 0) reportPrefill(active, order, sequence, events, advance);
  if (logitRows > 0) takeTokens(active, order, chunk, result, row, nowMs, events, advance);
  return advance;
}

/** The first choice computes the prompt for all; what it recomputes after a preemption is not news. */
function reportPrefill(
  active: ActiveOrder,
  order: GenerationOrder,
  leader: Sequence,
  events: StepEvent[],
  advance: StepAdvance,
): void {
  const promptTokens = order.prompt.length;
  const doneTokens = Math.min(leader.computed, promptTokens);
  if (doneTokens <= active.reportedPrefillTokens) return;
  advance.promptTokens = doneTokens - active.reportedPrefillTokens;
  active.reportedPrefillTokens = doneTokens;
  events.push({ kind: "part", id: order.id, part: { kind: "prefill", doneTokens, promptTokens } });
}

/** The next token, and those after it as long as the draft said what was chosen. */
function takeTokens(
  active: ActiveOrder,
  order: GenerationOrder,
  { sequence, drafted }: PlannedChunk,
  result: SampleResult,
  row: number,
  nowMs: number,
  events: StepEvent[],
  advance: StepAdvance,
): void {
  const { draft } = sequence;
  for (let ahead = 0; ahead <= drafted; ahead++) {
    takeToken(active, order, sequence, result, row + ahead, nowMs, events, advance);
    if (advance.sequenceDone || at(result.tokens, row + ahead) !== draft[ahead]) break;
  }
  if (advance.sequenceDone) return;
  const { constraint, output } = at(active.choices, sequence.choice);
  // The step after this one gives a token beyond the draft.
  const left = order.maxTokens - output.tokens;
  sequence.draft = constraint?.prepare(left - 1, left) ?? NO_DRAFT;
}

function takeToken(
  active: ActiveOrder,
  order: GenerationOrder,
  sequence: Sequence,
  result: SampleResult,
  row: number,
  nowMs: number,
  events: StepEvent[],
  advance: StepAdvance,
): void {
  const { id } = order;
  const { history, output, constraint } = at(active.choices, sequence.choice);
  const token = at(result.tokens, row);
  sequence.tokens.push(token);
  history?.addOutput(token);
  constraint?.accept(token);
  advance.outputTokens += 1;
  active.firstTokenMs ??= nowMs;
  active.lastTokenMs = nowMs;
  const { delta, finish } = output.push(wireToken(token, order.logprobs, result, row), constraint?.isFinished);
  if (delta !== null) events.push({ kind: "part", id, part: delta });
  if (finish === null) return;
  constraint?.close();
  advance.sequenceDone = true;
  // Whole, but the limit had a hand in it.
  const reason = constraint?.isShortened === true ? "length" : finish.reason;
  events.push({ kind: "part", id, part: { kind: "finish", choice: sequence.choice, ...finish, reason } });
  active.unfinishedChoices -= 1;
  if (active.unfinishedChoices > 0) return;
  advance.orderDone = true;
  const outputTokens = active.choices.reduce((sum, choice) => sum + choice.output.tokens, 0);
  const usage = {
    promptTokens: order.prompt.length,
    outputTokens,
    cachedTokens: active.sequences[0]?.cachedTokens ?? 0,
    preemptions: active.sequences.reduce((sum, { preemptions }) => sum + preemptions, 0),
  };
  events.push({ kind: "part", id, part: { kind: "end", usage, timings: timingsOf(active) } });
}

function takeScores(
  active: ActiveOrder,
  order: ScoreOrder,
  { sequence, logitRows }: PlannedChunk,
  result: SampleResult,
  row: number,
  events: StepEvent[],
  advance: StepAdvance,
): void {
  const range = sequence.score;
  invariant(range !== null, "a score's sequence has a range");
  for (let index = 0; index < logitRows; index++) {
    active.scores[range.next - range.from] = at(result.logprobs, row + index);
    range.next += 1;
  }
  if (range.next < order.tokens.length) return;
  advance.promptTokens = order.tokens.length;
  advance.sequenceDone = true;
  advance.orderDone = true;
  events.push({ kind: "scored", id: order.id, logprobs: active.scores });
}

/** The token of one logits row, with what was asked for beside it: -1 asks for nothing. */
function wireToken(token: number, logprobs: number, result: SampleResult, row: number): WireToken {
  if (logprobs < 0) return { token };
  const logprob = at(result.logprobs, row);
  if (logprobs === 0) return { token, logprob };
  const from = row * MAX_TOP_LOGPROBS;
  const topTokens: number[] = [];
  const topLogprobs: number[] = [];
  for (let index = from; index < from + logprobs; index++) {
    const id = at(result.topTokens, index);
    if (id < 0) break;
    topTokens.push(id);
    topLogprobs.push(at(result.topLogprobs, index));
  }
  return { token, logprob, topTokens, topLogprobs };
}
