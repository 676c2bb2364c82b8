/**
 * Runs in a process of its own: gives the native core a valid program, then the same with some words changed,
 * again and again. The valid one must run; each other must be refused, or run; a crash ends this process, and the
 * test sees it. Reads one JSON object from standard input, prints one: programs by what became of them.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const input = JSON.parse(readFileSync(0, "utf8"));
const addon = createRequire(import.meta.url)(input.addonPath);
const valid = Int32Array.from(input.words);

let state = input.seed >>> 0;
function below(count) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * count);
}

function weightStore() {
  const store = new addon.WeightStore({ isa: input.isa, threads: 1, bytes: input.weightBytes });
  for (const { offset, vector, bytes, ggmlType, format, rows, columns } of input.weights) {
    if (vector) store.addVector(Float32Array.from(vector), offset);
    else store.packMatrix(Uint8Array.from(bytes), ggmlType, format, rows, columns, 0, offset);
  }
  return store;
}

function mutated() {
  const words = Int32Array.from(valid);
  for (let changes = 1 + below(3); changes > 0; changes -= 1) {
    const at = below(words.length);
    const kinds = [
      () => words[at] ^ (1 << below(32)),
      () => words[at] + 1,
      () => words[at] - 1,
      () => valid[below(valid.length)],
      () => [0, 1, -1, 64, 0x7fffffff, -0x80000000, 0x7fc00000][below(7)],
      () => below(40),
    ];
    words[at] = kinds[below(kinds.length)]();
  }
  return below(50) === 0 ? words.subarray(0, below(words.length)) : words;
}

const batch = Object.fromEntries(Object.entries(input.batch).map(([name, values]) => [name, Int32Array.from(values)]));
const rows = batch.logitRows.length;
const floats = (value) => new Float32Array(rows).fill(value);
const sample = {
  temperature: floats(1),
  topK: new Int32Array(rows).fill(5),
  topP: floats(0.9),
  minP: floats(0.01),
  repetitionPenalty: floats(1),
  presencePenalty: floats(0),
  frequencyPenalty: floats(0),
  seedLow: new Uint32Array(rows),
  seedHigh: new Uint32Array(rows),
  positions: new Int32Array(rows),
  historyStarts: new Int32Array(rows + 1),
  historyTokens: new Int32Array(0),
  historyCounts: new Int32Array(0),
  biasStarts: new Int32Array(rows + 1),
  biasTokens: new Int32Array(0),
  biasValues: new Float32Array(0),
  // A mask for the first row, none for the others.
  maskRows: new Int32Array(rows).fill(-1).fill(0, 0, 1),
  masks: new Uint32Array(Math.ceil(input.vocabSize / 32)).fill(0x5555_5555),
  forcedTokens: new Int32Array(rows).fill(-1),
  topLogprobs: new Int32Array(rows).fill(20),
};
const result = {
  tokens: new Int32Array(rows),
  logprobs: floats(0),
  topTokens: new Int32Array(20 * rows),
  topLogprobs: new Float32Array(20 * rows),
};

const weights = weightStore();

// Unchanged, and without a catch: a call that the native core refuses would make the rounds below test nothing.
const whole = new addon.Executor({ program: valid, weights, threads: 2, pages: 12 });
whole.step(batch);
whole.sample(sample, result);
whole.dispose();

const counts = { refused: 0, accepted: 0, stepped: 0, sampled: 0 };
for (let round = 0; round < input.rounds; round += 1) {
  let executor;
  try {
    executor = new addon.Executor({ program: mutated(), weights, threads: 1 + below(3), pages: 12 });
  } catch {
    counts.refused += 1;
    continue;
  }
  counts.accepted += 1;
  try {
    executor.step(batch);
    counts.stepped += 1;
    executor.sample(sample, result);
    counts.sampled += 1;
  } catch {
    // Smaller limits than the batch needs are no defect.
  }
  executor.dispose();
}
console.log(JSON.stringify(counts));
