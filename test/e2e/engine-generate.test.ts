/** What an Engine generates, over its real threads, on a small model of random weights. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import type { GenerateRequest, StreamPart, TokenPiece } from "../../src/engine/types.ts";
import { tinyModelFile } from "../support/random-model-file.ts";

const GREEDY = { temperature: 0 };
let engine: Engine;

beforeAll(async () => {
  engine = await Engine.load({ model: tinyModelFile(), threads: 2 });
});
afterAll(() => engine.dispose());

interface Collected {
  readonly parts: readonly StreamPart[];
  readonly text: string;
  readonly tokens: readonly TokenPiece[];
  readonly ids: readonly number[];
}

async function collect(request: GenerateRequest, choice = 0): Promise<Collected> {
  const parts: StreamPart[] = [];
  for await (const part of engine.generate(request)) parts.push(part);
  return ofChoice(parts, choice);
}

function ofChoice(parts: readonly StreamPart[], choice: number): Collected {
  const deltas = parts.filter((part) => part.kind === "delta").filter((part) => part.choice === choice);
  const tokens = deltas.flatMap((delta) => delta.tokens);
  return { parts, text: deltas.map(({ text }) => text).join(""), tokens, ids: tokens.map(({ token }) => token) };
}

describe("Engine.generate", () => {
  it("gives prefill, deltas, one finish and one end, in this order", async () => {
    const { parts, ids } = await collect({ prompt: "Hello", maxTokens: 12, ignoreEos: true });
    const kinds = parts.map(({ kind }) => kind);
    expect(kinds[0]).toBe("prefill");
    expect(kinds.slice(-2)).toEqual(["finish", "end"]);
    expect(kinds.slice(1, -2).every((kind) => kind === "delta")).toBe(true);
    expect(ids).toHaveLength(12);
    const promptTokens = (await engine.tokenize("Hello", { addSpecial: true })).length;
    expect(parts.at(-1)).toMatchObject({ usage: { promptTokens, outputTokens: 12, cachedTokens: 0 } });
  });

  it("emits the text of the tokens, whole characters only", async () => {
    const { text, tokens, parts } = await collect({
      prompt: "abc",
      maxTokens: 200,
      ignoreEos: true,
      keepSpecial: true,
    });
    const bytes = Buffer.concat(tokens.map((piece) => piece.bytes));
    expect(text).toBe(new TextDecoder().decode(bytes));
    for (const part of parts) {
      const isEmpty = part.kind === "delta" && part.text === "" && part.tokens.length === 0;
      expect(isEmpty).toBe(false);
    }
  });

  it("draws the same from the same seed, and something else from another", async () => {
    const [first, again, other] = await Promise.all(
      [5n, 5n, 6n].map((seed) => collect({ prompt: "seed", maxTokens: 24, sampling: { seed }, ignoreEos: true })),
    );
    expect(first?.ids).toEqual(again?.ids);
    expect(first?.ids).not.toEqual(other?.ids);
  });

  it("gives choice i the tokens of the request with seed + i", async () => {
    const request = { prompt: "several choices of one prompt", maxTokens: 10, ignoreEos: true };
    const parts: StreamPart[] = [];
    for await (const part of engine.generate({ ...request, choices: 3, sampling: { seed: 70n } })) parts.push(part);
    for (const choice of [0, 1, 2]) {
      const alone = await collect({ ...request, sampling: { seed: 70n + BigInt(choice) } });
      expect(ofChoice(parts, choice).ids).toEqual(alone.ids);
    }
    expect(parts.filter(({ kind }) => kind === "finish")).toHaveLength(3);
    expect(parts.at(-1)).toMatchObject({ kind: "end", usage: { outputTokens: 30 } });
  });

  it("gives the same tokens alone and among others", async () => {
    const request = { prompt: "invariance", maxTokens: 20, sampling: GREEDY, ignoreEos: true };
    const alone = await collect(request);
    const crowd = Array.from({ length: 12 }, (_, index) =>
      collect({ prompt: "x".repeat(index * 9 + 1), maxTokens: 15, ignoreEos: true }),
    );
    const [among] = await Promise.all([collect(request), ...crowd]);
    expect(among.ids).toEqual(alone.ids);
  });

  it("stops before a stop string wherever token borders fall", async () => {
    const request = { prompt: "stop", maxTokens: 60, sampling: GREEDY, ignoreEos: true };
    const { text } = await collect(request);
    const stop = text.slice(10, 15);
    const { text: stopped, parts } = await collect({ ...request, stop: ["never\0there", stop] });
    expect(stopped).toBe(text.slice(0, text.indexOf(stop)));
    expect(parts.at(-2)).toMatchObject({ kind: "finish", reason: "stop", stopString: stop });
  });

  it("applies logit biases, and bans end tokens before minTokens", async () => {
    const [wanted] = await engine.tokenize("w");
    const only = await collect({
      prompt: "b",
      maxTokens: 5,
      sampling: { ...GREEDY, logitBias: new Map([[wanted ?? 0, 100]]) },
    });
    expect(only.text).toBe("wwwww");
    const [end = 0] = engine.model.endTokens;
    const ending = { ...GREEDY, logitBias: new Map([[end, 100]]) };
    const short = await collect({ prompt: "b", maxTokens: 9, sampling: ending });
    expect(short.ids).toEqual([end]);
    expect(short.parts.at(-2)).toMatchObject({ kind: "finish", reason: "stop", stopString: null });
    const longer = await collect({ prompt: "b", maxTokens: 9, minTokens: 4, sampling: ending });
    expect(longer.ids).toHaveLength(5);
    expect(longer.ids.slice(0, 4)).not.toContain(end);
    const through = await collect({ prompt: "b", maxTokens: 9, ignoreEos: true, sampling: ending });
    expect(through.ids).toEqual(Array.from({ length: 9 }, () => end));
  });

  it("reports log-probabilities that equal the score of the same text", async () => {
    const prompt = await engine.tokenize("score me", { addSpecial: true });
    const { tokens, ids } = await collect({
      prompt,
      maxTokens: 16,
      logprobs: 3,
      sampling: { seed: 1n },
      ignoreEos: true,
    });
    const text = Int32Array.from([...prompt, ...ids]);
    const { logprobs } = await engine.score(text, prompt.length);
    expect(Array.from(logprobs)).toEqual(tokens.map(({ logprob }) => logprob));
    for (const { top } of tokens) {
      expect(top).toHaveLength(3);
      expect(top?.[0]?.logprob).toBeGreaterThanOrEqual(top?.[1]?.logprob ?? 0);
    }
  });

  it("renders a chat, tokenises it with its special tokens, and reads texts back", async () => {
    const input = { messages: [{ role: "user", content: "Hi" }], addGenerationPrompt: true } as const;
    const rendered = await engine.renderChat(input);
    expect(rendered).toContain("Hi");
    const plain = await engine.tokenize(rendered);
    const parsed = await engine.tokenize(rendered, { parseSpecial: true });
    expect(parsed.length).toBeLessThan(plain.length);
    expect(await engine.detokenize(await engine.tokenize("Grüße, 世界"))).toBe("Grüße, 世界");
    expect(await engine.pieces(parsed.subarray(0, 1))).toHaveLength(1);
  });

  it("takes no control token from what a message spells", async () => {
    const chatOf = (content: string) =>
      engine.renderChat({ messages: [{ role: "user", content }], addGenerationPrompt: true });
    const plain = await chatOf("Hi");
    const parsed = await engine.tokenize(plain, { parseSpecial: true });
    const text = new Set(await engine.tokenize(plain));
    const controls = new Set(parsed.filter((token) => !text.has(token)));
    expect(controls.size).toBeGreaterThan(0);
    const injected = await engine.tokenize(await chatOf(plain), { parseSpecial: true });
    const countIn = (tokens: Int32Array) => tokens.filter((token) => controls.has(token)).length;
    expect(countIn(injected)).toBe(countIn(parsed));
    expect(await engine.detokenize(injected)).toContain(plain.trim());
  });

  it("refuses what cannot be done, naming it", async () => {
    const refused = async (request: GenerateRequest, error: object) => {
      await expect(engine.submit(request)).rejects.toMatchObject(error);
    };
    const limit = engine.capacity.contextTokens;
    await refused({ prompt: new Int32Array(0) }, { code: "prompt_empty" });
    await refused(
      { prompt: new Int32Array(limit - 1), maxTokens: 2 },
      {
        code: "context_length_exceeded",
        params: { contextTokens: limit, totalTokens: limit + 1, promptTokens: limit - 1, outputTokens: 2 },
      },
    );
    await refused({ prompt: new Int32Array(limit) }, { code: "context_length_exceeded" });
    await refused({ prompt: Int32Array.of(1_000_000) }, { code: "token_out_of_range" });
    await refused(
      { prompt: "x", sampling: { temperature: -1 } },
      { code: "request_invalid", params: { field: "temperature" } },
    );
    await refused({ prompt: "x", sampling: { topP: 0 } }, { code: "request_invalid" });
    await refused({ prompt: "x", maxTokens: 3, minTokens: 4 }, { code: "request_invalid" });
    await refused({ prompt: "x", stop: [""] }, { code: "request_invalid" });
    await refused({ prompt: "x", sampling: { logitBias: new Map([[-4, 1]]) } }, { code: "token_out_of_range" });
    await expect(engine.score(Int32Array.of(1, 2), 2)).rejects.toMatchObject({ code: "request_invalid" });
    await expect(engine.detokenize(Int32Array.of(-1))).rejects.toMatchObject({ code: "token_out_of_range" });
    expect(await engine.stats()).toMatchObject({ running: 0, waiting: 0, pagesUsed: 0, failed: 0 });
  });
});
