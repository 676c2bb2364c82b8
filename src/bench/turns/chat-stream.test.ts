import { afterEach, describe, expect, it, vi } from "vitest";
import { streamChat } from "./chat-stream.ts";

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

/** The server answers every request with `response`; gives what it was sent. */
function answerWith(response: () => Promise<Response> | Response) {
  const fetched = vi.fn<(url: string, init: { readonly body: string; readonly headers: object }) => Promise<Response>>(
    async () => response(),
  );
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

/** A stream of these events, in pieces of `pieceBytes`. */
function streamOf(events: readonly object[], pieceBytes = 1000): Response {
  const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
  const bytes = new TextEncoder().encode(`: a comment\n\n${text}data: [DONE]\n\n`);
  return new Response(
    new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += pieceBytes) controller.enqueue(bytes.slice(at, at + pieceBytes));
        controller.close();
      },
    }),
  );
}

/** Later by one each time it is asked. */
function ticks(): () => number {
  let now = 100;
  return () => now++;
}

afterEach(() => vi.unstubAllGlobals());

describe("streamChat", () => {
  it.each([1, 7, 1000])("reads an answer that comes %i bytes at a time", async (pieceBytes) => {
    answerWith(() => streamOf([delta(""), delta("Grü"), delta(null), delta("ß"), USAGE], pieceBytes));
    expect(await streamChat(target, request, ticks())).toEqual({
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
    answerWith(() => streamOf([...deltas.map((one) => ({ choices: [{ delta: one }] })), USAGE]));
    const { text, deltaMs } = await streamChat(target, request, ticks());
    expect(text).toBe("Done");
    expect(deltaMs).toEqual([100, 101, 102, 103, 104]);
  });

  it("asks for exactly so many tokens, greedily, with a key where it has one", async () => {
    const fetched = answerWith(() => streamOf([USAGE]));
    await streamChat(target, request, ticks());
    await streamChat({ ...target, apiKey: "secret" }, request, ticks());
    const [[url, plain] = [], [, keyed] = []] = fetched.mock.calls;
    expect(url).toBe("http://server.test/v1/chat/completions");
    expect(JSON.parse(plain?.body ?? "")).toEqual({
      model: "m",
      messages: request.messages,
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      max_tokens: 3,
      min_tokens: 3,
      ignore_eos: true,
    });
    expect(plain?.headers).toEqual({ "content-type": "application/json" });
    expect(keyed?.headers).toMatchObject({ authorization: "Bearer secret" });
  });

  it.each<[string, () => Promise<Response> | Response, string]>([
    ["a refusal", () => new Response("too many", { status: 429 }), "429 too many"],
    ["an error event", () => streamOf([delta("x"), { error: { message: "out of pages" } }]), "out of pages"],
    ["a stream without its usage", () => streamOf([delta("x")]), "without its usage"],
    ["what is no JSON", () => new Response("data: {\n\n"), "JSON"],
    [
      "a server that is not there",
      () => Promise.reject(new TypeError("fetch failed", { cause: new TypeError("connect ECONNREFUSED") })),
      "fetch failed: connect ECONNREFUSED",
    ],
  ])("fails for %s, with the reason", async (_, response, reason) => {
    answerWith(response);
    expect(await streamChat(target, request, ticks())).toMatchObject({ failure: expect.stringContaining(reason) });
  });

  it("keeps what came before a failure", async () => {
    answerWith(() => streamOf([delta("Hel"), delta("lo"), { error: { message: "out of pages" } }]));
    expect(await streamChat(target, request, ticks())).toEqual({
      text: "Hello",
      deltaMs: [100, 101],
      promptTokens: 0,
      outputTokens: 0,
      cachedTokens: 0,
      failure: "out of pages",
    });
  });
});
