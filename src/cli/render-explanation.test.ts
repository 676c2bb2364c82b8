import { describe, expect, it } from "vitest";
import type { TurnExplanation } from "../server/answers/session-answers.ts";
import { renderExplanation } from "./render-explanation.ts";

const turn = (fields: Partial<TurnExplanation>): TurnExplanation => ({
  id: "turn_0123456789abcdef0123456789abcdef",
  prompt_tokens: 120_000,
  cached_tokens: 118_000,
  prefilled_tokens: 2000,
  output_tokens: 4000,
  ms: { queue: 10, prefill: 123_456, decode: 654_321 },
  miss: null,
  ...fields,
});

const render = (...turns: readonly TurnExplanation[]): string =>
  renderExplanation({
    object: "session.explanation",
    session: "sess_0123456789abcdef0123456789abcdef",
    state: "idle",
    model: "model",
    turns,
  });

describe("renderExplanation", () => {
  it("says of each miss where, why, around which text and what to change, within 80 columns", () => {
    const miss = {
      index: 42,
      cause: "volatile_text",
      what: "a date is another one",
      remedy: "Move it into the last message, ".repeat(5),
      had: `system: Today is 2026-11-27. ${"Be brief. ".repeat(9)}`,
      has: `system: Today is 2026-11-28. ${"\u001B[31m\n\u009B".repeat(20)}`,
    } as const;
    const text = render(turn({}), turn({ miss }));
    const lines = text.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines[3]).toMatch(/turn +prompt +cached +computed +output +queue +prefill +decode/);
    expect(lines[4]).toMatch(/1 +120000 +118000 +2000 +4000 +10 +123456 +654321/);
    expect(text.replaceAll(/\s+/g, " ")).toContain(
      "computed again from token 42 on: a date is another one (volatile_text).",
    );
    expect(text).toContain('was: "system: Today is 2026-11-27.');
    // oxlint-disable-next-line no-control-regex -- what a client sent must not reach the terminal as it is
    expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/);
  });

  it("says so where nothing was missed, and where nothing ran", () => {
    expect(render(turn({}))).toContain("No turn computed again");
    expect(render()).toBe("sess_0123456789abcdef0123456789abcdef: 0 turns, idle\nmodel model\n");
  });
});
