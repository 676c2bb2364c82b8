import { describe, expect, it } from "vitest";
import { FakeExecutor, logitsAfter } from "../../../test/support/fake-executor.ts";
import { generationOrder, scoreOrder } from "../../../test/support/generation-order.ts";
import { ROW_COSTS, STALL_LIMITS } from "../../../test/support/step-costs.ts";
import { letterText, lettersOf, tokensOf } from "../../../test/support/letter-text.ts";
import { fail, turnwiseError } from "../../base/errors.ts";
import { GREEDY } from "../../graph/sampler-settings.ts";
import { compileGrammar } from "../../text/grammar/compile-grammar.ts";
import { DEFAULT_TENANT, type GenerationOrder } from "./order.ts";
import { StepLoop, type StepLoopOptions } from "./step-loop.ts";
import type { StepEvent, WireToken } from "../threads/step-messages.ts";

const VOCABULARY = 26;

function makeLoop(
  options: Partial<StepLoopOptions> & {
    maxSequences?: number;
    pages?: number;
    maxStepTokens?: number;
    endTokens?: readonly number[];
  } = {},
): { loop: StepLoop; executor: FakeExecutor } {
  const { pages = 32, maxStepTokens = 16, endTokens = [], maxSequences = 8, ...rest } = options;
  const limits = { maxTokens: maxStepTokens, maxLogitRows: 8, pages, pageTokens: 4 };
  const executor = new FakeExecutor(limits, VOCABULARY);
  let now = 0;
  const clock = () => (now += 1);
  const text = letterText(endTokens);
  return {
    loop: new StepLoop({
      executor,
      text,
      limits: { ...STALL_LIMITS, maxSequences },
      costs: ROW_COSTS,
      fingerprint: "fake",
      poolBytes: 1024,
      clock,
      ...rest,
    }),
    executor,
  };
}

function runToEnd(loop: StepLoop, limit = 1000): StepEvent[] {
  const events = [...loop.takeEvents()];
  for (let steps = 0; loop.hasWork; steps++) {
    expect(steps).toBeLessThan(limit);
    loop.step();
    loop.checkInvariants();
    events.push(...loop.takeEvents());
  }
  return events;
}

/** What one choice put out. */
function outputOf(events: readonly StepEvent[], id: number, choice = 0) {
  const tokens: WireToken[] = [];
  let text = "";
  let finish: { reason: string; stopString: string | null } | null = null;
  for (const event of events) {
    if (event.kind !== "part" || event.id !== id) continue;
    const { part } = event;
    if (part.kind === "delta" && part.choice === choice) {
      text += part.text;
      tokens.push(...part.tokens);
    }
    if (part.kind === "finish" && part.choice === choice) finish = { reason: part.reason, stopString: part.stopString };
  }
  return { text, tokens: tokens.map(({ token }) => token), pieces: tokens, finish };
}

/** What the fake model says without pages, batches or chunks: an independent greedy loop. */
function greedy(prompt: Int32Array, count: number, vocabulary = VOCABULARY, banned: readonly number[] = []): number[] {
  const tokens = [...prompt];
  for (let step = 0; step < count; step++) {
    const logits = logitsAfter(tokens, vocabulary);
    for (const token of banned) logits[token] = -Infinity;
    tokens.push(logits.indexOf(Math.max(...logits)));
  }
  return tokens.slice(prompt.length);
}

function run(order: Partial<GenerationOrder> & { prompt: Int32Array }, options: Parameters<typeof makeLoop>[0] = {}) {
  const { loop } = makeLoop(options);
  loop.submit(generationOrder({ id: 1, ...order }));
  return runToEnd(loop);
}

describe("StepLoop", () => {
  it("generates what the model says, and reports prefill, finish and end once", () => {
    const prompt = tokensOf("helloworldthisisalongprompt");
    const events = run({ prompt, maxTokens: 10 });
    const output = outputOf(events, 1);
    expect(output.tokens).toEqual(greedy(prompt, 10));
    expect(output.text).toBe(lettersOf(output.tokens));
    expect(output.finish).toEqual({ reason: "length", stopString: null });
    const parts = events.map((event) => (event.kind === "part" ? event.part : null));
    expect(parts.filter((part) => part?.kind === "prefill")).toEqual([
      { kind: "prefill", doneTokens: 16, promptTokens: 27 },
      { kind: "prefill", doneTokens: 27, promptTokens: 27 },
    ]);
    const last = parts.at(-1);
    expect(last).toMatchObject({ kind: "end", usage: { promptTokens: 27, outputTokens: 10, cachedTokens: 0 } });
    expect(parts.filter((part) => part?.kind === "end")).toHaveLength(1);
  });

  it("gives the same whatever the size of the prefill chunks", () => {
    const prompt = tokensOf("abcdefghijklmnopqrstuvwxyzabcde");
    const whole = outputOf(run({ prompt }, { maxStepTokens: 64 }), 1).tokens;
    for (const maxStepTokens of [2, 3, 5, 7, 13]) {
      expect(outputOf(run({ prompt }, { maxStepTokens }), 1).tokens).toEqual(whole);
    }
  });

  it("ends at an end token, which is reported but has no text", () => {
    const prompt = tokensOf("stopsomewhere");
    const free = greedy(prompt, 12);
    const end = free[5] ?? 0;
    const output = outputOf(run({ prompt, maxTokens: 12 }, { endTokens: [end] }), 1);
    const expected = free.slice(0, free.indexOf(end) + 1);
    expect(output.tokens).toEqual(expected);
    expect(output.text).toBe(lettersOf(expected.slice(0, -1)));
    expect(output.finish).toEqual({ reason: "stop", stopString: null });
  });

  it("goes on past end tokens with ignoreEos, and bans them before minTokens", () => {
    const prompt = tokensOf("stopsomewhere");
    const end = greedy(prompt, 1)[0] ?? 0;
    const ignoring = outputOf(run({ prompt, maxTokens: 6, ignoreEos: true }, { endTokens: [end] }), 1);
    expect(ignoring.tokens).toEqual(greedy(prompt, 6));
    const late = outputOf(run({ prompt, maxTokens: 20, minTokens: 4 }, { endTokens: [end] }), 1);
    expect(late.tokens.slice(0, 4)).toEqual(greedy(prompt, 4, VOCABULARY, [end]));
  });

  it("stops before a stop string that spans tokens, keeping what came before", () => {
    const prompt = tokensOf("anotherprompt");
    const free = lettersOf(greedy(prompt, 12));
    const stop = free.slice(4, 7);
    const at = free.indexOf(stop);
    const output = outputOf(run({ prompt, maxTokens: 12, stop: ["ZZ", stop] }), 1);
    expect(output.text).toBe(free.slice(0, at));
    expect(output.finish).toEqual({ reason: "stop", stopString: stop });
    expect(lettersOf(output.tokens)).toBe(free.slice(0, at + stop.length));
  });

  it("applies the logit bias", () => {
    const biased = { biasTokens: Int32Array.of(3), biasValues: Float32Array.of(100) };
    expect(outputOf(run({ prompt: tokensOf("x"), maxTokens: 4, ...biased }), 1).text).toBe("dddd");
  });

  it("applies penalties through the history of the whole text", () => {
    const settings = {
      prompt: tokensOf("abcabc"),
      maxTokens: 20,
      sampling: { ...GREEDY, frequencyPenalty: 2, presencePenalty: 2 },
    };
    const output = outputOf(run(settings), 1).tokens;
    // 20 of 26 letters under a penalty that outweighs most gaps: few repeats; without it more.
    const free = greedy(tokensOf("abcabc"), 20);
    expect(new Set(output).size).toBeGreaterThan(new Set(free).size);
  });

  it("draws the same from the same seed, and another from another", () => {
    const [first, again, next, high] = [7n, 7n, 8n, 7n + 2n ** 32n].map(
      (seed) =>
        outputOf(run({ prompt: tokensOf("seed"), sampling: { ...GREEDY, temperature: 2 }, maxTokens: 16, seed }), 1)
          .text,
    );
    expect(first).toBe(again);
    expect(first).not.toBe(next);
    expect(first).not.toBe(high);
  });

  it("keys each draw by the seed and the position of the token drawn", () => {
    const { loop, executor } = makeLoop();
    const drawn: number[][] = [];
    executor.onSample = ({ positions, seedLow, seedHigh }) => {
      for (const [row, position] of positions.entries()) drawn.push([position, seedLow[row] ?? 0, seedHigh[row] ?? 0]);
    };
    const prompt = tokensOf("abcde");
    loop.submit(
      generationOrder({
        id: 1,
        prompt,
        sampling: { ...GREEDY, temperature: 1 },
        seed: 2n ** 33n - 1n,
        choices: 2,
        maxTokens: 2,
      }),
    );
    runToEnd(loop);
    expect(drawn).toEqual([
      [5, 0xffffffff, 1],
      [6, 0xffffffff, 1],
      [5, 0, 2],
      [6, 0, 2],
    ]);
  });

  it("reports log-probabilities that add up", () => {
    const prompt = tokensOf("logprobs");
    const { pieces } = outputOf(run({ prompt, maxTokens: 3, logprobs: 4 }), 1);
    for (const [index, piece] of pieces.entries()) {
      const tokens = [...prompt, ...pieces.slice(0, index).map(({ token }) => token)];
      const logits = logitsAfter(tokens, VOCABULARY);
      const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
      expect(piece.logprob).toBeCloseTo((logits[piece.token] ?? 0) - sum, 5);
      expect(piece.topTokens).toHaveLength(4);
      expect(piece.topTokens?.[0]).toBe(piece.token);
      expect(piece.topLogprobs?.[0]).toBeCloseTo(piece.logprob ?? 0, 6);
    }
  });

  it("computes the prompt of several choices once, and choice i is the request with seed + i", () => {
    const prompt = tokensOf("manychoicesfromoneprompt");
    const { loop, executor } = makeLoop({ maxStepTokens: 64 });
    let rows = 0;
    executor.onStep = (batch) => (rows += batch.tokens.length);
    loop.submit(
      generationOrder({
        id: 1,
        prompt,
        choices: 3,
        sampling: { ...GREEDY, temperature: 1.5 },
        seed: 40n,
        maxTokens: 6,
      }),
    );
    const events = runToEnd(loop);
    // The prompt, its last token again for each sibling, and one row for each later token.
    expect(rows).toBe(prompt.length + 2 + 3 * 5);
    for (const choice of [0, 1, 2]) {
      const alone = outputOf(
        run({ prompt, sampling: { ...GREEDY, temperature: 1.5 }, seed: 40n + BigInt(choice), maxTokens: 6 }),
        1,
      );
      expect(outputOf(events, 1, choice).tokens).toEqual(alone.tokens);
    }
  });

  it("serves more choices than may run at once", () => {
    const prompt = tokensOf("manychoices");
    const { loop } = makeLoop({ maxSequences: 2, pages: 12 });
    loop.submit(generationOrder({ id: 1, prompt, choices: 7, sampling: { ...GREEDY, temperature: 1 }, seed: 5n }));
    loop.submit(generationOrder({ id: 2, prompt: tokensOf("another") }));
    const events = runToEnd(loop);
    for (const choice of [0, 3, 6]) {
      const alone = outputOf(run({ prompt, sampling: { ...GREEDY, temperature: 1 }, seed: 5n + BigInt(choice) }), 1);
      expect(outputOf(events, 1, choice).tokens).toEqual(alone.tokens);
    }
    expect(outputOf(events, 2).tokens).toEqual(greedy(tokensOf("another"), 8));
  });

  it("scores a text's own tokens, whatever the chunks", () => {
    const tokens = tokensOf("scoringatextofsomelength");
    for (const maxStepTokens of [3, 16, 64]) {
      const { loop } = makeLoop({ maxStepTokens });
      loop.submit(scoreOrder({ id: 9, tokens, from: 5 }));
      loop.submit(generationOrder({ id: 10, prompt: tokensOf("meanwhile") }));
      const scored = runToEnd(loop).find((event) => event.kind === "scored");
      expect(scored?.logprobs).toHaveLength(tokens.length - 5);
      for (const [index, logprob] of (scored?.logprobs ?? []).entries()) {
        const logits = logitsAfter(tokens.subarray(0, 5 + index), VOCABULARY);
        const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
        expect(logprob).toBeCloseTo((logits[tokens[5 + index] ?? 0] ?? 0) - sum, 5);
      }
    }
  });

  it("ends an order that the pool could never hold, with the numbers", () => {
    const { loop } = makeLoop({ pages: 4 });
    loop.submit(generationOrder({ id: 1, prompt: tokensOf("abcdefghij"), maxTokens: 7 }));
    expect(loop.takeEvents()).toMatchObject([
      {
        kind: "failed",
        id: 1,
        error: { code: "memory_insufficient", params: { neededBytes: 1280, availableBytes: 1024 } },
      },
    ]);
    expect(loop.hasWork).toBe(false);
  });

  it("ends an order whose grammar cannot start, and no other", () => {
    const { loop } = makeLoop({
      text: {
        ...letterText(),
        constraint: () => fail("grammar_limit", { what: "open parses", limit: 2048, limitName: "parses" }),
      },
    });
    const grammar = { grammar: compileGrammar({ kind: "gbnf", grammar: 'root ::= "a"' }), key: "a", wake: null };
    loop.submit(generationOrder({ id: 1, prompt: tokensOf("before") }));
    loop.submit(generationOrder({ id: 2, prompt: tokensOf("bound"), grammar }));
    expect(loop.takeEvents()).toMatchObject([{ kind: "failed", id: 2, error: { code: "grammar_limit" } }]);
    loop.submit(generationOrder({ id: 3, prompt: tokensOf("after") }));
    const events = runToEnd(loop);
    expect(outputOf(events, 1).tokens).toEqual(greedy(tokensOf("before"), 8));
    expect(outputOf(events, 3).tokens).toEqual(greedy(tokensOf("after"), 8));
    expect(loop.stats()).toMatchObject({ failed: 1, finished: 2, pagesUsed: 0 });
  });

  it("ends an order with a given error, taken or not", () => {
    const { loop } = makeLoop();
    loop.submit(generationOrder({ id: 1, prompt: tokensOf("taken"), choices: 2 }));
    loop.step();
    loop.takeEvents();
    for (const id of [1, 2]) loop.fail(id, turnwiseError("engine_failed", { reason: "a defect" }));
    loop.checkInvariants();
    expect(loop.takeEvents()).toMatchObject(
      [1, 2].map((id) => ({ kind: "failed", id, error: { code: "engine_failed" } })),
    );
    expect(loop.hasWork).toBe(false);
    expect(loop.stats()).toMatchObject({ failed: 2, pagesUsed: 0 });
  });

  it("finishes everything exactly on a pool too small for all at once", () => {
    const { loop } = makeLoop({ pages: 9 });
    const prompts = Array.from({ length: 12 }, (_, index) => tokensOf("promptnumber".slice(0, 1 + (index % 11))));
    for (const [id, prompt] of prompts.entries()) loop.submit(generationOrder({ id, prompt, maxTokens: 20 }));
    const events = runToEnd(loop);
    for (const [id, prompt] of prompts.entries()) expect(outputOf(events, id).tokens).toEqual(greedy(prompt, 20));
    expect(loop.stats()).toMatchObject({ running: 0, waiting: 0, pagesUsed: 0, finished: 12, failed: 0 });
    expect(loop.stats().preemptions).toBeGreaterThan(0);
  });

  it.each([
    ["a request of higher priority", { priority: 1 }],
    ["a tenant that has had less", { name: "other" }],
  ])("goes on exactly with answers that gave their pages to %s, which ends first", (_, tenant) => {
    const { loop } = makeLoop({ pages: 20 });
    const prompts = ["abcd", "bcde", "cdef"].map((text) => tokensOf(text));
    for (const [id, prompt] of prompts.entries()) loop.submit(generationOrder({ id, prompt, maxTokens: 60 }));
    while (loop.stats().pagesUsed < 18) loop.step();
    const next = { id: 9, prompt: tokensOf("zyxwvutsrqpo"), tenant: { ...DEFAULT_TENANT, ...tenant } };
    loop.submit(generationOrder(next));
    const events = runToEnd(loop);
    for (const [id, prompt] of prompts.entries()) expect(outputOf(events, id).tokens).toEqual(greedy(prompt, 60));
    expect(outputOf(events, 9).tokens).toEqual(greedy(next.prompt, 8));
    const ends = events.filter((event) => event.kind === "part" && event.part.kind === "end");
    expect(ends.map(({ id }) => id)[0]).toBe(9);
  });

  it("lets a prompt in while others decode, without holding them up", () => {
    let now = 0;
    const { loop, executor } = makeLoop({ maxStepTokens: 256, pages: 200, clock: () => now });
    // A machine that takes a millisecond for each row.
    executor.onStep = ({ tokens }) => (now += tokens.length);
    loop.submit(generationOrder({ id: 1, prompt: tokensOf("abc"), maxTokens: 30 }));
    loop.step();
    loop.takeEvents();
    loop.submit(generationOrder({ id: 2, prompt: new Int32Array(300).fill(3), maxTokens: 2 }));
    for (let step = 0; step < 5; step++) {
      const before = now;
      loop.step();
      expect(now - before).toBeLessThanOrEqual(65);
      const events = loop.takeEvents();
      // Each step gives the running text its token, and the prompt its share.
      expect(outputOf(events, 1).tokens).toHaveLength(1);
      expect(events.some((event) => event.kind === "part" && event.id === 2 && event.part.kind === "prefill")).toBe(
        true,
      );
    }
  });

  it("cancels at once, in any state, and frees the pages", () => {
    const { loop } = makeLoop({ maxSequences: 1 });
    for (const id of [1, 2])
      loop.submit(generationOrder({ id, prompt: tokensOf("cancel"), choices: 2, maxTokens: 50 }));
    loop.step();
    loop.step();
    loop.takeEvents();
    loop.cancel(1);
    loop.cancel(2);
    loop.cancel(3);
    loop.checkInvariants();
    expect(loop.hasWork).toBe(false);
    expect(loop.takeEvents().map((event) => [event.kind, event.id])).toEqual([
      ["failed", 1],
      ["failed", 2],
    ]);
    expect(loop.stats()).toMatchObject({ cancelled: 2, pagesUsed: 0 });
  });

  it("fails the orders of a step that throws, and goes on with the rest", () => {
    const { loop, executor } = makeLoop({ maxSequences: 1 });
    loop.submit(generationOrder({ id: 1, prompt: tokensOf("first") }));
    loop.submit(generationOrder({ id: 2, prompt: tokensOf("second") }));
    executor.onStep = () => {
      executor.onStep = null;
      throw new TypeError("the machine is on fire");
    };
    const events = runToEnd(loop);
    expect(events[0]).toMatchObject({
      kind: "failed",
      id: 1,
      error: { code: "engine_failed", params: { reason: expect.stringContaining("on fire") } },
    });
    expect(outputOf(events, 2).tokens).toEqual(greedy(tokensOf("second"), 8));
    expect(loop.stats()).toMatchObject({ failed: 1, finished: 1, pagesUsed: 0 });
  });
});

describe("StepLoop with a text that is kept", () => {
  const keeping = tokensOf("abcdefgh");

  /** Tokens of `keeping` that are found after two other texts came. */
  function foundLater(keep: (loop: StepLoop) => void): number {
    const { loop } = makeLoop({ pages: 8 });
    const cachedOf = (id: number, prompt: Int32Array): number => {
      loop.submit(generationOrder({ id, prompt, maxTokens: 4 }));
      const ends = runToEnd(loop).flatMap((event) =>
        event.kind === "part" && event.part.kind === "end" ? [event.part.usage.cachedTokens] : [],
      );
      return ends[0] ?? -1;
    };
    cachedOf(1, keeping);
    keep(loop);
    cachedOf(2, tokensOf("mnopqrstuvwx"));
    cachedOf(3, tokensOf("qwertyuiopas"));
    return cachedOf(4, keeping);
  }

  it("evicts others before it, and forgets what its tenant did not name", () => {
    const text = { tokens: keeping, tenant: DEFAULT_TENANT.name, cacheKey: "" };
    expect(foundLater(() => {})).toBe(0);
    expect(foundLater((loop) => loop.keep(text, 1_000_000))).toBe(keeping.length - 1);
    expect(foundLater((loop) => loop.keep(text, 1))).toBe(0);
    expect(foundLater((loop) => loop.keep({ ...text, tenant: "another" }, 1_000_000))).toBe(0);
    expect(foundLater((loop) => loop.keep({ ...text, cacheKey: "apart" }, 1_000_000))).toBe(0);
  });
});
