/** One streamed chat completion of any OpenAI-compatible server, with the time of everything that came. */

import { text as textOf } from "node:stream/consumers";
import { streamData } from "../stream-data.ts";
import { postJson, type PostedAnswer, type PostOptions } from "./post-json.ts";

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
  /** The answer's content, which is what an agent keeps of it: no thoughts. */
  readonly text: string;
  /** By the clock given, when each chunk with output came: content, thoughts, or a part of a call. */
  readonly deltaMs: readonly number[];
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  /** What went wrong, if something did; the rest is what came before it. */
  readonly failure: string | null;
}

interface Delta {
  readonly content?: string | null;
  /** Thoughts, by llama.cpp, older vLLM and Turnwise. */
  readonly reasoning_content?: string | null;
  /** Thoughts, by newer vLLM and OpenRouter. */
  readonly reasoning?: string | null;
  readonly tool_calls?:
    | readonly { readonly function?: { readonly name?: string; readonly arguments?: string } }[]
    | null;
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: Delta }[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly completion_tokens?: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  } | null;
  readonly error?: { readonly message?: string };
}

/** What came of an answer so far. */
interface Received {
  text: string;
  readonly deltaMs: number[];
  usage: NonNullable<Chunk["usage"]> | null;
}

/** Characters of a refusal's body that a reason quotes. */
const QUOTED_CHARACTERS = 500;

export type Post = (url: string, options: PostOptions) => Promise<PostedAnswer>;

/** Greedy, so that servers of one model say the same. Does not reject. */
export async function streamChat(
  target: ChatTarget,
  request: ChatTurnRequest,
  clock: () => number,
  post: Post = postJson,
): Promise<ChatTurnResult> {
  const received: Received = { text: "", deltaMs: [], usage: null };
  const failure = await post(`${target.url}/chat/completions`, requestOf(target, request))
    .then((answer) => receive(answer, received, clock))
    .catch(reasonOf);
  const { text, deltaMs, usage } = received;
  return {
    text,
    deltaMs,
    promptTokens: usage?.prompt_tokens ?? 0,
    outputTokens: usage?.completion_tokens ?? 0,
    cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    failure,
  };
}

function requestOf({ apiKey, model }: ChatTarget, { messages, outputTokens, signal }: ChatTurnRequest): PostOptions {
  return {
    headers: apiKey === null ? {} : { authorization: `Bearer ${apiKey}` },
    body: {
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      max_tokens: outputTokens,
      min_tokens: outputTokens,
      ignore_eos: true,
    },
    signal,
  };
}

/** Fills `received`; gives what the server said was wrong, or null. */
async function receive(
  { status, body }: PostedAnswer,
  received: Received,
  clock: () => number,
): Promise<string | null> {
  if (status !== 200) return `${status} ${(await textOf(body)).slice(0, QUOTED_CHARACTERS)}`;
  for await (const data of streamData(body)) {
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error !== undefined) return chunk.error.message ?? "an error event";
    const delta = chunk.choices?.[0]?.delta ?? {};
    if (hasOutput(delta)) received.deltaMs.push(clock());
    received.text += delta.content ?? "";
    received.usage = chunk.usage ?? received.usage;
  }
  return received.usage === null ? "the stream ended without its usage" : null;
}

function hasOutput({ content, reasoning_content: thoughts, reasoning, tool_calls: calls }: Delta): boolean {
  const texts = [content, thoughts, reasoning, ...(calls ?? []).flatMap((call) => Object.values(call.function ?? {}))];
  return texts.some((text) => typeof text === "string" && text !== "");
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Where several addresses of a name failed, there is only a code.
  return error.message === "" && "code" in error ? String(error.code) : error.message;
}
