/** One streamed chat completion of any OpenAI-compatible server, with the time of everything that came. */

import { fail, TurnwiseError, turnwiseError } from "../../base/errors.ts";
import { streamData } from "../stream-data.ts";

export interface ChatTarget {
  /** Up to and including `/v1`. */
  readonly url: string;
  readonly model: string;
  readonly apiKey: string | null;
}

export interface ChatTurnRequest {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  /** The answer has exactly this many tokens: end tokens do not end it. */
  readonly outputTokens: number;
  readonly signal: AbortSignal;
}

export interface ChatTurnResult {
  readonly text: string;
  /** By the clock given, when each chunk with text came. */
  readonly deltaMs: readonly number[];
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly completion_tokens?: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  } | null;
  readonly error?: { readonly message?: string };
}

/** Greedy, so that servers of one model say the same. Throws `request_failed`. */
export async function streamChat(
  target: ChatTarget,
  request: ChatTurnRequest,
  clock: () => number,
): Promise<ChatTurnResult> {
  const url = `${target.url}/chat/completions`;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(target.apiKey === null ? {} : { authorization: `Bearer ${target.apiKey}` }),
      },
      body: JSON.stringify({
        model: target.model,
        messages: request.messages,
        stream: true,
        stream_options: { include_usage: true },
        temperature: 0,
        max_tokens: request.outputTokens,
        min_tokens: request.outputTokens,
        ignore_eos: true,
      }),
      signal: request.signal,
    });
    if (!response.ok || response.body === null) {
      const reason = `${response.status} ${(await response.text()).slice(0, 500)}`;
      fail("request_failed", { url, reason });
    }
    return await readStream(response.body, url, clock);
  } catch (error) {
    if (error instanceof TurnwiseError) throw error;
    throw turnwiseError("request_failed", { url, reason: error instanceof Error ? error.message : String(error) });
  }
}

async function readStream(body: ReadableStream<Uint8Array>, url: string, clock: () => number): Promise<ChatTurnResult> {
  let text = "";
  let usage: Chunk["usage"] = null;
  const deltaMs: number[] = [];
  for await (const data of streamData(body)) {
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error !== undefined) fail("request_failed", { url, reason: chunk.error.message ?? "an error event" });
    const content = chunk.choices?.[0]?.delta?.content ?? "";
    if (content !== "") deltaMs.push(clock());
    text += content;
    usage = chunk.usage ?? usage;
  }
  if (usage === null) fail("request_failed", { url, reason: "the stream ended without its usage" });
  return {
    text,
    deltaMs,
    promptTokens: usage?.prompt_tokens ?? 0,
    outputTokens: usage?.completion_tokens ?? 0,
    cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
  };
}
