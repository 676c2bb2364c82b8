import { Readable } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { type Post, streamChat } from "./chat-stream.ts";

const target = { url: "http://server.test/v1", model: "m", apiKey: null };
const request = {
  messages: [{ role: "user", content: "Hi" }],
  outputTokens: 3,
  signal: new AbortController().signal,
};
const delta = (content: string | null): object => ({ choices: [{ delta: { content } }] });
const USAGE = {
  choices: [],
  usage: { prompt_tokens: 9, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 8 } },
};

/** An answer of this text, in pieces of `pieceBytes`. */
function answerOf(text: string, status = 200, pieceBytes = 1000): Post {
  const bytes = new TextEncoder().encode(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) =>
    bytes.slice(index * pieceBytes, (index + 1) * pieceBytes),
  );
  return () => Promise.resolve({ status, body: Readable.from(pieces) });
}

/** A stream of these events. */
function streamOf(events: readonly object[], pieceBytes?: number): Post {
  const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
  return answerOf(`: a comment\n\n${text}data: [DONE]\n\n`, 200, pieceBytes);
}

/** Later by one each time it is asked. */
function ticks(): () => number {
  let now = 100;
  return () => now++;
}

describe("streamChat", () => {
  it.each([1, 7, 1000])("reads an answer that comes %i bytes at a time", async (pieceBytes) => {
    const post = streamOf([delta(""), delta("Grü"), delta(null), delta("ß"), USAGE], pieceBytes);
    expect(await streamChat(target, request, ticks(), post)).toEqual({
      text: "Grüß",
      // Of chunks with text.
      deltaMs: [100, 101],
      promptTokens: 9,
      outputTokens: 3,
      cachedTokens: 8,
      failure: null,
    });
  });

  it("times thoughts and calls as it does text, and keeps the text alone", async () => {
    const deltas = [
      { role: "assistant", content: null },
      { reasoning_content: "Let me" },
      { reasoning: " see" },
      { content: "", reasoning_content: "" },
      { content: "Done" },
      { tool_calls: [{ index: 0, function: { name: "f", arguments: "" } }] },
      { tool_calls: [{ index: 0, function: { arguments: "{}" } }] },
      { tool_calls: [{ index: 0, function: { arguments: "" }, incomplete: true }] },
    ];
    const post = streamOf([...deltas.map((one) => ({ choices: [{ delta: one }] })), USAGE]);
    const { text, deltaMs } = await streamChat(target, request, ticks(), post);
    expect(text).toBe("Done");
    expect(deltaMs).toEqual([100, 101, 102, 103, 104]);
  });

  it("asks for exactly so many tokens, greedily, with a key where it has one", async () => {
    const post = vi.fn<Post>(streamOf([USAGE]));
    await streamChat(target, request, ticks(), post);
    await streamChat({ ...target, apiKey: "secret" }, request, ticks(), post);
    const [[url, plain] = [], [, keyed] = []] = post.mock.calls;
    expect(url).toBe("http://server.test/v1/chat/completions");
    expect(plain?.body).toEqual({
      model: "m",
      messages: request.messages,
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      max_tokens: 3,
      min_tokens: 3,
      ignore_eos: true,
    });
    expect(plain?.headers).toEqual({});
    expect(keyed?.headers).toEqual({ authorization: "Bearer secret" });
  });

  it.each<[string, Post, string]>([
    ["a refusal", answerOf("too many", 429), "429 too many"],
    ["an error event", streamOf([delta("x"), { error: { message: "out of pages" } }]), "out of pages"],
    ["a stream without its usage", streamOf([delta("x")]), "without its usage"],
    ["what is no JSON", answerOf("data: {\n\n"), "JSON"],
    ["a server that is not there", () => Promise.reject(new TypeError("connect ECONNREFUSED")), "ECONNREFUSED"],
    ["one at none of its addresses", () => Promise.reject(Object.assign(new AggregateError([]), { code: "EX" })), "EX"],
  ])("fails for %s, with the reason", async (_, post, reason) => {
    expect(await streamChat(target, request, ticks(), post)).toMatchObject({
      failure: expect.stringContaining(reason),
    });
  });

  it("keeps what came before a failure", async () => {
    const post = streamOf([delta("Hel"), delta("lo"), { error: { message: "out of pages" } }]);
    expect(await streamChat(target, request, ticks(), post)).toEqual({
      text: "Hello",
      deltaMs: [100, 101],
      promptTokens: 0,
      outputTokens: 0,
      cachedTokens: 0,
      failure: "out of pages",
    });
  });
});
