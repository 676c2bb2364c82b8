/**
 * The reference sampler: what `SampleBatch` in executor.ts means, in the simplest form. The native
 * sampler is tested against it. It computes in f64 and sorts the whole vocabulary.
 *
 * For each row: ban tokens that its mask lacks; add biases; apply penalties (repetition, then presence and frequency); temperature 0
 * takes the largest logit. Otherwise p = softmax(logits / temperature), ordered by probability
 * descending, ties by lower id, and cut to a prefix by, one after the other:
 *   top-k: its first k;
 *   top-p: the smallest prefix whose sum reaches topP of the sum that top-k left;
 *   min-p: those with at least minP times the largest probability.
 * The draw walks what is kept in that order until the running sum exceeds u * keptSum.
 */

import { MAX_TOP_LOGPROBS, maskWords, type SampleBatch, type SampleResult } from "./executor.ts";
import { uniformAt } from "./random.ts";

/** Samples each row of `logits`; a row is [vocabSize] and is not changed. */
export function sampleRows(logits: readonly Float32Array[], batch: SampleBatch, result: SampleResult): void {
  for (const [row, raw] of logits.entries()) sampleRow(raw, batch, row, result);
}

function sampleRow(raw: Float32Array, batch: SampleBatch, row: number, result: SampleResult): void {
  const forced = batch.forcedTokens[row] ?? -1;
  const token = forced >= 0 ? forced : chooseToken(adjustLogits(raw, batch, row), batch, row);
  const logSum = logSumExp(raw);
  result.tokens[row] = token;
  result.logprobs[row] = (raw[token] ?? -Infinity) - logSum;
  reportTop(raw, logSum, batch.topLogprobs[row] ?? 0, row, result);
}

/** A copy of the logits with mask, biases and penalties applied. */
function adjustLogits(raw: Float32Array, batch: SampleBatch, row: number): Float32Array {
  const logits = raw.slice();
  applyMask(logits, batch, row);
  const biasEnd = batch.biasStarts[row + 1] ?? 0;
  for (let i = batch.biasStarts[row] ?? 0; i < biasEnd; i += 1) {
    const token = batch.biasTokens[i] ?? 0;
    logits[token] = (logits[token] ?? 0) + (batch.biasValues[i] ?? 0);
  }
  const repetition = batch.repetitionPenalty[row] ?? 1;
  const presence = batch.presencePenalty[row] ?? 0;
  const frequency = batch.frequencyPenalty[row] ?? 0;
  const historyEnd = batch.historyStarts[row + 1] ?? 0;
  for (let i = batch.historyStarts[row] ?? 0; i < historyEnd; i += 1) {
    const token = batch.historyTokens[i] ?? 0;
    const count = batch.historyCounts[i] ?? 0;
    const logit = logits[token] ?? 0;
    const repeated = Math.fround(logit > 0 ? logit / repetition : logit * repetition);
    logits[token] = count > 0 ? repeated - (presence + frequency * count) : repeated;
  }
  return logits;
}

function applyMask(logits: Float32Array, { maskRows, masks }: SampleBatch, row: number): void {
  const mask = maskRows[row] ?? -1;
  if (mask < 0) return;
  const start = mask * maskWords(logits.length);
  for (const token of logits.keys()) {
    const word = masks[start + (token >> 5)] ?? 0;
    if (((word >>> (token & 31)) & 1) === 0) logits[token] = -Infinity;
  }
}

function chooseToken(logits: Float32Array, batch: SampleBatch, row: number): number {
  const temperature = batch.temperature[row] ?? 0;
  if (temperature === 0) return argmax(logits);
  const kept = keptCandidates(logits, temperature, {
    topK: batch.topK[row] ?? 0,
    topP: batch.topP[row] ?? 1,
    minP: batch.minP[row] ?? 0,
  });
  return draw(kept, uniformAt(batch.seedLow[row] ?? 0, batch.seedHigh[row] ?? 0, batch.positions[row] ?? 0));
}

interface Candidate {
  readonly token: number;
  /** Relative to the largest, which is 1. */
  readonly weight: number;
}

interface Cuts {
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
}

/** The tokens that may be drawn, most probable first. At least one, whatever the cuts. */
function keptCandidates(logits: Float32Array, temperature: number, cuts: Cuts): readonly Candidate[] {
  const best = argmax(logits);
  const largest = logits[best] ?? 0;
  // All tokens banned, or logits that are not numbers: there is no distribution to draw from.
  if (!Number.isFinite(largest)) return [{ token: best, weight: 1 }];
  let kept: readonly Candidate[] = Array.from(logits, (logit, token) => ({
    token,
    weight: Math.exp((logit - largest) / temperature),
  })).toSorted((a, b) => b.weight - a.weight || a.token - b.token);
  if (cuts.topK > 0) kept = kept.slice(0, cuts.topK);
  if (cuts.topP < 1) kept = prefixReaching(kept, cuts.topP * totalWeight(kept));
  if (cuts.minP > 0) kept = kept.filter(({ weight }, index) => index === 0 || weight >= cuts.minP);
  return kept;
}

/** The smallest prefix, at least one long, whose weights sum to `target` or more. */
function prefixReaching(candidates: readonly Candidate[], target: number): readonly Candidate[] {
  let sum = 0;
  for (const [index, { weight }] of candidates.entries()) {
    sum += weight;
    if (sum >= target) return candidates.slice(0, index + 1);
  }
  return candidates;
}

function draw(kept: readonly Candidate[], uniform: number): number {
  const target = uniform * totalWeight(kept);
  let sum = 0;
  let last = 0;
  for (const { token, weight } of kept) {
    sum += weight;
    if (weight > 0) last = token;
    if (sum > target) return token;
  }
  return last;
}

function totalWeight(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { weight }) => sum + weight, 0);
}

/** Index of the largest value, the lowest on a tie. */
function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i += 1) {
    if ((values[i] ?? -Infinity) > (values[best] ?? -Infinity)) best = i;
  }
  return best;
}

function logSumExp(values: Float32Array): number {
  const largest = values[argmax(values)] ?? 0;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}

/** The best `count` log-probabilities of the row, -1 and -Infinity in the places left. */
function reportTop(raw: Float32Array, logSum: number, count: number, row: number, result: SampleResult): void {
  const begin = row * MAX_TOP_LOGPROBS;
  result.topTokens.fill(-1, begin, begin + MAX_TOP_LOGPROBS);
  result.topLogprobs.fill(-Infinity, begin, begin + MAX_TOP_LOGPROBS);
  if (count === 0) return;
  const order = Array.from(raw, (logit, token) => ({ token, logit })).toSorted(
    (a, b) => b.logit - a.logit || a.token - b.token,
  );
  for (const [rank, { token, logit }] of order.slice(0, count).entries()) {
    result.topTokens[begin + rank] = token;
    result.topLogprobs[begin + rank] = logit - logSum;
  }
}
