/**
 * The guest of `npm run arm:instructions`, run by an arm64 Node under qemu: loads a model on one thread and runs steps of
 * it, each between two marks that the plugin sees (count_core.cc).
 *
 *   node run-steps.mjs MODEL PROMPT_TOKENS
 */

import { loadModel } from "../../dist/engine/load/load-model.js";

const [, , model = "", promptTokens = ""] = process.argv;
const PROMPT = Number(promptTokens);

/** Labels of the marks: what is counted lies between two of a kind. */
const MARKS = { prefill: 1, decode: 2 };

const loaded = loadModel(
  { model, threads: 1, backend: "native", contextTokens: 2 * PROMPT, maxSequences: 1, weightCache: false },
  { onProgress: () => {}, onWarning: () => {} },
);
const { executor } = loaded;
const { pageTokens } = executor.limits;

/** Rows from `position` on of one sequence, with the logits of the last. */
function step(position, count) {
  const pages = Math.ceil((position + count) / pageTokens);
  executor.step({
    tokens: Int32Array.from({ length: count }, (_, row) => ((position + row) * 7919 + 1) % executor.vocabSize),
    positions: Int32Array.from({ length: count }, (_, row) => position + row),
    sequenceStarts: Int32Array.of(0, count),
    pageTables: Int32Array.from({ length: pages }, (_, page) => page),
    pageTableStarts: Int32Array.of(0, pages),
    logitRows: Int32Array.of(count - 1),
  });
}

function counted(label, work) {
  process.umask(label);
  work();
  process.umask(label);
}

// The first step of a process also resolves symbols.
step(0, 1);
counted(MARKS.prefill, () => step(0, PROMPT));
counted(MARKS.decode, () => step(PROMPT, 1));
loaded.dispose();
