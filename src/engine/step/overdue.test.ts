/** Deadlines and slow readers, under a virtual clock. */

import { describe, expect, it } from "vitest";
import { FakeExecutor, logitsAfter } from "../../../test/support/fake-executor.ts";
import { generationOrder } from "../../../test/support/generation-order.ts";
import { letterText, tokensOf } from "../../../test/support/letter-text.ts";
import { ROW_COSTS, STALL_LIMITS } from "../../../test/support/step-costs.ts";
import type { StepEvent } from "../threads/step-messages.ts";
import { StepLoop } from "./step-loop.ts";

/** The scheduler knows how long rows take after some steps. */
function makeLoop(maxSequences = 8, msPerRow = 1) {
  const clock = { nowMs: 0 };
  const executor = new FakeExecutor({ maxTokens: 64, maxLogitRows: 8, pages: 400, pageTokens: 4 }, 26);
  executor.onStep = ({ tokens }) => (clock.nowMs += tokens.length * msPerRow);
  const loop = new StepLoop({
    executor,
    text: letterText([]),
    limits: { ...STALL_LIMITS, maxSequences },
    costs: ROW_COSTS,
    fingerprint: "fake",
    poolBytes: 1024,
    clock: () => clock.nowMs,
  });
  const run = (until = () => !loop.hasWork): StepEvent[] => {
    const events: StepEvent[] = [...loop.takeEvents()];
    while (!until()) {
      loop.step();
      loop.checkInvariants();
      events.push(...loop.takeEvents());
    }
    return events;
  };
  return { loop, clock, run };
}

const ascending = (left: number, right: number): number => left - right;

const failureOf = (events: readonly StepEvent[], id: number) =>
  events.flatMap((event) => (event.kind === "failed" && event.id === id ? [event.error] : []))[0];

const tokensOfOrder = (events: readonly StepEvent[], id: number): number[] =>
  events.flatMap((event) =>
    event.kind === "part" && event.id === id && event.part.kind === "delta"
      ? event.part.tokens.map(({ token }) => token)
      : [],
  );

describe("a deadline", () => {
  it("ends what is not done by then, and keeps what was computed", () => {
    const { loop, clock, run } = makeLoop();
    const prompt = new Int32Array(200).fill(5);
    loop.submit(generationOrder({ id: 1, prompt, maxTokens: 4, deadlineMs: 100 }));
    expect(failureOf(run(), 1)).toMatchObject({
      code: "deadline_exceeded",
      params: { limitMs: 100, reason: "its prompt was not done" },
    });
    expect(clock.nowMs).toBeLessThan(200);
    loop.submit(generationOrder({ id: 2, prompt, maxTokens: 4 }));
    const end = run().find((event) => event.kind === "part" && event.part.kind === "end");
    expect(end).toMatchObject({ part: { usage: { cachedTokens: 128 } } });
  });

  it("ends what waits and cannot be done in time any more, before it costs anything", () => {
    const { loop, clock, run } = makeLoop(1);
    for (let id = 1; id <= 12; id++) loop.submit(generationOrder({ id, prompt: Int32Array.of(id), maxTokens: 3 }));
    run();
    loop.submit(generationOrder({ id: 20, prompt: tokensOf("first"), maxTokens: 400 }));
    loop.step();
    const submittedMs = clock.nowMs;
    loop.submit(generationOrder({ id: 21, prompt: new Int32Array(700).fill(3), maxTokens: 4, deadlineMs: 300 }));
    const events = run(() => !loop.hasWork || clock.nowMs > submittedMs + 100);
    expect(failureOf(events, 21)).toMatchObject({
      code: "deadline_exceeded",
      params: { reason: "its prompt alone takes longer than is left" },
    });
  });

  it("comes first in line", () => {
    const { loop, run } = makeLoop(1);
    loop.submit(generationOrder({ id: 1, prompt: tokensOf("running"), maxTokens: 50 }));
    loop.step();
    loop.submit(generationOrder({ id: 2, prompt: tokensOf("patient"), maxTokens: 5 }));
    loop.submit(generationOrder({ id: 3, prompt: tokensOf("urgent"), maxTokens: 5, deadlineMs: 1000 }));
    const ends = run().flatMap((event) => (event.kind === "part" && event.part.kind === "end" ? [event.id] : []));
    expect(ends).toEqual([1, 3, 2]);
  });

  it("does not keep those without one waiting for ever", () => {
    const { loop, clock, run } = makeLoop(1, 200);
    loop.submit(generationOrder({ id: 0, prompt: tokensOf("urgent"), maxTokens: 9, deadlineMs: 50_000 }));
    loop.step();
    loop.submit(generationOrder({ id: 1, prompt: tokensOf("patient"), maxTokens: 5 }));
    let id = 1;
    const done = () => {
      // One that is more urgent is always there.
      if (loop.stats().waiting + loop.stats().running < 3) {
        id += 1;
        loop.submit(generationOrder({ id, prompt: Int32Array.of(id % 26, 1), maxTokens: 9, deadlineMs: 50_000 }));
      }
      return !loop.hasWork || clock.nowMs > 90_000;
    };
    const events = run(done);
    expect(events.some((event) => event.id === 1 && event.kind === "part" && event.part.kind === "end")).toBe(true);
  });
});

describe("a parked order", () => {
  it("is not computed, and then says what it would have said", () => {
    const { loop, run } = makeLoop();
    const prompt = tokensOf("slowreader");
    loop.submit(generationOrder({ id: 1, prompt, maxTokens: 12, choices: 2 }));
    loop.submit(generationOrder({ id: 2, prompt: tokensOf("another"), maxTokens: 40 }));
    for (let step = 0; step < 5; step++) loop.step();
    const before = [...loop.takeEvents()];
    loop.park(1);
    loop.park(1);
    loop.checkInvariants();
    expect(loop.stats()).toMatchObject({ running: 1, parked: 1, waiting: 0 });
    for (let step = 0; step < 10; step++) loop.step();
    expect(loop.takeEvents().filter(({ id }) => id === 1)).toEqual([]);
    loop.resume(1);
    loop.resume(1);
    const tokens = tokensOfOrder([...before, ...run()], 1);
    const expected: number[] = [];
    for (let count = 0; count < 12; count++) {
      const logits = logitsAfter([...prompt, ...expected], 26);
      expected.push(logits.indexOf(Math.max(...logits)));
    }
    // Both choices are greedy.
    expect(tokens.toSorted(ascending)).toEqual([...expected, ...expected].toSorted(ascending));
  });

  it("ends when its reader does not come, and is the only thing that is due", () => {
    const { loop, clock } = makeLoop();
    loop.submit(generationOrder({ id: 1, prompt: tokensOf("slowreader"), maxTokens: 12 }));
    loop.step();
    loop.takeEvents();
    loop.park(1);
    const parkedMs = clock.nowMs;
    expect([loop.hasWork, loop.nextDueMs]).toEqual([false, parkedMs + STALL_LIMITS.parkTimeoutMs]);
    expect(loop.endOverdue()).toBe(0);
    clock.nowMs = loop.nextDueMs;
    expect(loop.endOverdue()).toBe(1);
    expect(failureOf(loop.takeEvents(), 1)).toMatchObject({ code: "reader_behind", params: { waitedMs: 1000 } });
    expect([loop.nextDueMs, loop.stats().parked]).toEqual([Infinity, 0]);
    loop.checkInvariants();
  });
});
