/** What every executor relies on in a step. A violation is a defect of the engine, not of a user. */

import { invariant } from "../base/invariant.ts";
import type { ExecutorLimits, StepBatch } from "./executor.ts";

export function checkStep(batch: StepBatch, limits: ExecutorLimits, vocabSize: number): void {
  const { tokens, positions, logitRows } = batch;
  const rows = tokens.length;
  invariant(rows >= 1 && rows <= limits.maxTokens, `a step has 1..${limits.maxTokens} rows, not ${rows}`);
  invariant(positions.length === rows, `${rows} tokens need as many positions, not ${positions.length}`);
  for (const token of tokens) invariant(token >= 0 && token < vocabSize, `token ${token} is in the vocabulary`);
  const wanted = logitRows.length;
  invariant(wanted <= limits.maxLogitRows, `a step has at most ${limits.maxLogitRows} logit rows, not ${wanted}`);
  let previous = -1;
  for (const row of logitRows) {
    invariant(row > previous && row < rows, `logit row ${row} is in the step, and rows ascend`);
    previous = row;
  }
  checkSequences(batch, limits);
}

function checkSequences(batch: StepBatch, limits: ExecutorLimits): void {
  const { positions, sequenceStarts, pageTables, pageTableStarts } = batch;
  const sequences = sequenceStarts.length - 1;
  invariant(sequences >= 1 && pageTableStarts.length === sequences + 1, "each sequence has its starts");
  invariant(sequenceStarts[0] === 0 && sequenceStarts[sequences] === positions.length, "sequences cover all rows");
  invariant(
    pageTableStarts[0] === 0 && pageTableStarts[sequences] === pageTables.length,
    "page tables cover all entries",
  );
  for (let index = 0; index < sequences; index += 1) {
    const first = sequenceStarts[index] ?? 0;
    const end = sequenceStarts[index + 1] ?? 0;
    const pages = (pageTableStarts[index + 1] ?? 0) - (pageTableStarts[index] ?? 0);
    invariant(end > first && pages >= 0, `sequence ${index} has rows`);
    const position = positions[first] ?? -1;
    invariant(position >= 0, `sequence ${index} begins at a position`);
    for (let row = first; row < end; row += 1) {
      invariant(positions[row] === position + row - first, `positions of sequence ${index} are consecutive`);
    }
    const needed = Math.ceil((position + end - first) / limits.pageTokens);
    invariant(pages >= needed, `sequence ${index} needs ${needed} pages, it has ${pages}`);
  }
  for (const page of pageTables) invariant(page >= 0 && page < limits.pages, `page ${page} is in the pool`);
  checkWrites(batch, limits);
}

/** A page that a sequence writes to is named by it alone, and once: else others would read what is being written. */
function checkWrites(
  { positions, sequenceStarts, pageTables, pageTableStarts }: StepBatch,
  limits: ExecutorLimits,
): void {
  const uses = new Uint8Array(limits.pages);
  for (const page of pageTables) uses[page] = Math.min(2, (uses[page] ?? 0) + 1);
  for (let index = 0; index + 1 < sequenceStarts.length; index += 1) {
    const first = Math.floor((positions[sequenceStarts[index] ?? 0] ?? 0) / limits.pageTokens);
    const last = Math.floor((positions[(sequenceStarts[index + 1] ?? 0) - 1] ?? 0) / limits.pageTokens);
    for (let place = first; place <= last; place += 1) {
      const page = pageTables[(pageTableStarts[index] ?? 0) + place] ?? 0;
      invariant(uses[page] === 1, `page ${page}, which sequence ${index} writes to, is named once`);
    }
  }
}
