import { expect, it } from "vitest";
import { FakeExecutor } from "../../test/support/fake-executor.ts";
import { checkStep } from "../graph/check-step.ts";
import type { StepBatch } from "../graph/executor.ts";
import { parseBenchCase } from "./bench-case.ts";
import { casePageCount } from "./case-pages.ts";
import { CaseRunner } from "./case-runner.ts";
import { passSizes } from "./pass-sizes.ts";

const LIMITS = { maxTokens: 48, maxLogitRows: 8, pages: 40, pageTokens: 16 };

/** Runs the case on a clock that goes 1 ms a look, and gives its steps. */
function stepsOf(name: string): { readonly steps: readonly StepBatch[]; readonly tokens: number; readonly ms: number } {
  const executor = new FakeExecutor(LIMITS, 100);
  const steps: StepBatch[] = [];
  let nowMs = 0;
  const runner = new CaseRunner(executor, () => (nowMs += 1));
  const benchCase = parseBenchCase("--cases", name);
  runner.fillPages(casePageCount(benchCase, LIMITS.pageTokens));
  executor.onStep = (batch) => {
    checkStep(batch, LIMITS, 100);
    steps.push(batch);
  };
  return { steps, ...runner.run(benchCase) };
}

it.each(["prefill-10", "prefill-100@37", "decode", "decode-x3@20", "forks-x4@33"])(
  "runs the steps of %s, each of the sizes that its cost is counted for",
  (name) => {
    const sizes = passSizes(parseBenchCase("--cases", name), LIMITS.maxTokens, LIMITS.pageTokens);
    const { steps, tokens, ms } = stepsOf(name);
    expect(steps.length).toBeGreaterThan(sizes.length);
    for (const [index, step] of steps.entries()) {
      const { positions, logitRows } = step;
      expect({
        tokens: positions.length,
        logitRows: logitRows.length,
        attendedPositions: positions.reduce((sum, position) => sum + position + 1, 0),
      }).toEqual({
        tokens: sizes[index % sizes.length]?.tokens,
        logitRows: sizes[index % sizes.length]?.logitRows,
        attendedPositions: sizes[index % sizes.length]?.attendedPositions,
      });
    }
    expect(tokens).toBe(steps.reduce((sum, step) => sum + step.tokens.length, 0));
    expect(ms).toBeGreaterThanOrEqual(400);
  },
);
