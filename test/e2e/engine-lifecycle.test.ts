/** Loading, cancelling, overload, faults and the end of an Engine, over its real threads. */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { StepClient } from "../../src/engine/threads/step-client.ts";
import type { StepEvent } from "../../src/engine/threads/step-messages.ts";
import type { EngineOptions, GenerateRequest, StreamPart } from "../../src/engine/types.ts";
import { generationOrder } from "../support/generation-order.ts";
import { tinyModelFile } from "../support/random-model-file.ts";

const MODEL = tinyModelFile();
/** Bytes of one page of the tiny model's int8 KV; 3 layers of 2 heads of 16 dimensions, 32 tokens. */
const PAGE_BYTES = 3 * 2 * (32 * 16 + 32 * 16 + 2 * 128);

const ENDLESS: GenerateRequest = { prompt: "go on", maxTokens: 1500, ignoreEos: true };

/** Disposed of when the test ends. */
async function loadTiny(options: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = await Engine.load({ model: MODEL, threads: 2, ...options });
  onTestFinished(() => engine.dispose());
  return engine;
}

async function idsOf(engine: Engine, request: GenerateRequest): Promise<number[]> {
  const ids: number[] = [];
  for await (const part of engine.generate(request)) {
    if (part.kind === "delta") ids.push(...part.tokens.map(({ token }) => token));
  }
  return ids;
}

async function readAll(parts: AsyncIterable<StreamPart>): Promise<StreamPart[]> {
  const all: StreamPart[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

/** Reads until the first delta. */
async function firstDelta(parts: AsyncIterator<StreamPart>): Promise<void> {
  for (;;) {
    const { done, value } = await parts.next();
    if (done === true || value.kind === "delta") return;
  }
}

describe("loading", () => {
  it("says what it loaded and what it decided", async () => {
    const engine = await loadTiny({ contextTokens: 512, kvType: "f16", maxSequences: 5 });
    expect(engine.model).toMatchObject({ architecture: "llama", randomWeights: true, hasChatTemplate: true });
    expect(engine.capacity).toMatchObject({ contextTokens: 512, kvType: "f16", maxSequences: 5, pageTokens: 32 });
    expect(engine.capacity.pages * 32).toBe(8 * 512);
    expect(engine.capacity.backend).not.toBe("");
  });

  it("reports progress to its end", async () => {
    const fractions = new Map<string, number>();
    await loadTiny({ onProgress: ({ phase, fraction }) => fractions.set(phase, fraction) });
    expect(fractions.get("header")).toBe(1);
    expect(fractions.get("tokenizer")).toBe(1);
  });

  it.each([
    [{ model: "/nowhere/model.gguf" }, "file_unreadable"],
    [{ contextTokens: 4096 }, "invalid_option"],
    [{ contextTokens: 0 }, "invalid_option"],
    [{ threads: 1.5 }, "invalid_option"],
    [{ kvType: "int4" as "int8" }, "invalid_option"],
    [{ kvMemoryBytes: 2 ** 50 }, "memory_insufficient"],
    [{ kvMemoryBytes: PAGE_BYTES * 4, contextTokens: 512 }, "memory_insufficient"],
    [{ kvMemoryBytes: 100 }, "memory_insufficient"],
  ])("refuses %j with %s, and leaves nothing running", async (options, code) => {
    await expect(loadTiny(options)).rejects.toMatchObject({ code });
  });

  it("refuses a file that is no model", async () => {
    const path = `${MODEL}.txt`;
    writeFileSync(path, "not a model at all");
    await expect(loadTiny({ model: path })).rejects.toMatchObject({ code: "gguf_bad_magic" });
  });

  it("takes a shorter context where the pool is small and none was asked for, and says so", async () => {
    const warnings: string[] = [];
    const engine = await loadTiny({
      kvMemoryBytes: PAGE_BYTES * 4,
      onWarning: (message) => warnings.push(message),
    });
    expect(engine.capacity).toMatchObject({ pages: 4, contextTokens: 128 });
    expect(warnings.join()).toContain("128 tokens");
  });

  it("gives the same tokens on the interpreter as on the native core", async () => {
    const request = { prompt: "two backends", maxTokens: 12, sampling: { temperature: 0 }, ignoreEos: true };
    const native = await loadTiny({ backend: "auto", kvType: "f32" });
    const interpreter = await loadTiny({ backend: "interpreter", kvType: "f32" });
    expect(interpreter.capacity.backend).toBe("interpreter");
    expect(await idsOf(interpreter, request)).toEqual(await idsOf(native, request));
  });
});

describe("cancelling", () => {
  it("ends the work within a step, and the iterator throws", async () => {
    const engine = await loadTiny();
    const generation = await engine.submit(ENDLESS);
    const parts = generation[Symbol.asyncIterator]();
    await firstDelta(parts);
    generation.cancel();
    const drain = async () => {
      for (let part = await parts.next(); part.done !== true; part = await parts.next());
    };
    await expect(drain()).rejects.toMatchObject({ code: "cancelled" });
    const stats = await engine.stats();
    expect(stats).toMatchObject({ running: 0, cancelled: 1, pagesUsed: 0 });
    expect(stats.outputTokens).toBeLessThan(1500);
    expect(await parts.next()).toEqual({ done: true, value: undefined });
  });

  it("happens when the reader leaves early", async () => {
    const engine = await loadTiny();
    for await (const part of engine.generate(ENDLESS)) if (part.kind === "delta") break;
    await expect.poll(() => engine.stats()).toMatchObject({ running: 0, cancelled: 1, pagesUsed: 0 });
  });

  it("follows an AbortSignal, before and after the start", async () => {
    const engine = await loadTiny();
    await expect(engine.submit({ ...ENDLESS, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "cancelled",
    });
    const controller = new AbortController();
    const read = async () => {
      for await (const part of engine.generate({ ...ENDLESS, signal: controller.signal })) {
        if (part.kind === "delta") controller.abort();
      }
    };
    await expect(read()).rejects.toMatchObject({ code: "cancelled" });
    expect(await engine.stats()).toMatchObject({ running: 0, pagesUsed: 0 });
  });
});

describe("load", () => {
  it("finishes 200 parallel requests exactly on a pool too small for them", async () => {
    const engine = await loadTiny({ kvMemoryBytes: PAGE_BYTES * 12, contextTokens: 256 });
    const requests = Array.from({ length: 200 }, (_, index) => ({
      prompt: `request ${index} `.repeat(1 + (index % 4)),
      maxTokens: 30 + (index % 17),
      ignoreEos: true,
      sampling: { seed: BigInt(index) },
    }));
    const together = await Promise.all(requests.map((request) => idsOf(engine, request)));
    const stats = await engine.stats();
    expect(stats).toMatchObject({ running: 0, waiting: 0, pagesUsed: 0, finished: 200, failed: 0 });
    expect(stats.preemptions).toBeGreaterThan(0);
    const sample = requests.filter((_, index) => index % 41 === 0);
    const alone: number[][] = [];
    for (const request of sample) alone.push(await idsOf(engine, request));
    expect(together.filter((_, index) => index % 41 === 0)).toEqual(alone);
  });

  it("refuses one request more than may wait", async () => {
    const engine = await loadTiny({ maxSequences: 1, maxWaiting: 1 });
    const running = await engine.submit(ENDLESS);
    const waiting = await engine.submit(ENDLESS);
    await expect(engine.submit(ENDLESS)).rejects.toMatchObject({ code: "queue_full" });
    running.cancel();
    waiting.cancel();
  });

  it("keeps no more of an unread generation than its output", async () => {
    const engine = await loadTiny();
    const generation = await engine.submit({ ...ENDLESS, maxTokens: 20 });
    await expect.poll(() => engine.stats()).toMatchObject({ finished: 1, pagesUsed: 0 });
    expect((await readAll(generation)).at(-1)?.kind).toBe("end");
  });

  it("goes on at the same pace while the main thread is blocked", async () => {
    const times: number[] = [];
    const client = await StepClient.start({ model: MODEL, threads: 1 }, { onStep: (atMs) => times.push(atMs) });
    const done = new Promise<StepEvent>((resolve) => {
      const order = generationOrder({
        id: client.nextId(),
        prompt: Int32Array.of(5),
        maxTokens: 1900,
        ignoreEos: true,
      });
      client.submit(order, (event) => {
        if (event.kind !== "part" || event.part.kind === "end") resolve(event);
      });
    });
    while (times.length < 20) await sleep(1);
    const before = times.length;
    const blockedAt = performance.now();
    while (performance.now() - blockedAt < 500);
    await done;
    await client.dispose();
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    // The messages of the blocked half second came late, but what they tell of happened in time.
    const during = gaps.slice(before).toSorted((a, b) => a - b);
    expect(during.length).toBeGreaterThan(100);
    expect(during[Math.floor(during.length * 0.99)]).toBeLessThan(100);
  });
});

describe("a grammar without a start within its limits", () => {
  it("fails its request alone", async () => {
    const engine = await loadTiny();
    const literals = Array.from({ length: 2100 }, (_, index) => `"word${index}"`);
    const responseFormat = { kind: "gbnf", grammar: `root ::= ${literals.join(" | ")}` } as const;
    const request: GenerateRequest = { prompt: "go on", maxTokens: 4, ignoreEos: true };
    const [other, bound] = await Promise.allSettled([
      idsOf(engine, request),
      idsOf(engine, { ...request, responseFormat }),
    ]);
    expect(bound).toMatchObject({ status: "rejected", reason: { code: "grammar_limit" } });
    expect(other).toMatchObject({ status: "fulfilled", value: { length: 4 } });
    expect(await idsOf(engine, request)).toHaveLength(4);
  });
});

describe("the end", () => {
  it("fails what runs and what comes later with engine_disposed", async () => {
    const engine = await loadTiny();
    const generation = await engine.submit(ENDLESS);
    const read = readAll(generation);
    const disposal = engine.dispose();
    await expect(read).rejects.toMatchObject({ code: "engine_disposed" });
    await disposal;
    await engine.dispose();
    await expect(engine.submit(ENDLESS)).rejects.toMatchObject({ code: "engine_disposed" });
    await expect(engine.tokenize("x")).rejects.toMatchObject({ code: "engine_disposed" });
    await expect(engine.stats()).rejects.toMatchObject({ code: "engine_disposed" });
    generation.cancel();
  });

  it("tells everyone who waits when the thread dies", async () => {
    const entry = new URL("../support/dying-worker.mjs", import.meta.url);
    const client = await StepClient.start({ model: "any" }, {}, { entry });
    const events: StepEvent[] = [];
    client.submit(generationOrder({ id: 1, prompt: Int32Array.of(1) }), (event) => events.push(event));
    await expect.poll(() => events.map(({ kind }) => kind)).toEqual(["part", "failed"]);
    expect(events[1]).toMatchObject({
      error: { code: "engine_failed", params: { reason: expect.stringContaining("gone") } },
    });
    expect(() => client.stats()).toThrow(expect.objectContaining({ code: "engine_failed" }));
    await client.dispose();
  });

  it("does not keep a process alive that forgot to dispose", () => {
    const script = `
      import { Engine } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
      const engine = await Engine.load({ model: ${JSON.stringify(MODEL)} });
      for await (const part of engine.generate({ prompt: "x", maxTokens: 4 })) if (part.kind === "end") console.log("done");
    `;
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      timeout: 20_000,
      encoding: "utf8",
    });
    expect(child).toMatchObject({ status: 0, stdout: "done\n" });
  });
});
